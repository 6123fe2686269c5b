#include <map>
#include <string>
#include <string_view>
#include <vector>

// The linker keeps the first definition it meets of each inline function. This file is linked first and built
// with optimisation, so that the unoptimised code of a debug build calls fast strings and vectors: a
// simulation is bound by them.
template class std::basic_string<char>;
template class std::basic_string_view<char>;
template class std::vector<char>;
template class std::vector<std::string>;
template class std::map<std::string, std::string>;
