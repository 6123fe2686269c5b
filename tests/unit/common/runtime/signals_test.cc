#include "common/runtime/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

// Each case is a child process of its own, in step with the test over pipes.

namespace karpenter::runtime {
namespace {

constexpr int kGoodEnd = 7;

class Child {
 public:
  // What the child does: says things with say(), waits with listen().
  using Body = std::function<void(Child&)>;

  explicit Child(const Body& body) {
    EXPECT_EQ(pipe(up_.data()), 0);
    EXPECT_EQ(pipe(down_.data()), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(down_[1]);  // so that listen() ends with the test
      body(*this);
      _exit(kGoodEnd);
    }
    close(up_[1]);
  }
  ~Child() {
    close(up_[0]);
    close(down_[1]);
  }
  // ---- in the child
  void say(char word) const { EXPECT_EQ(write(up_[1], &word, 1), 1); }
  void listen() const {
    char ignored = 0;
    static_cast<void>(read(down_[0], &ignored, 1));
  }
  // ---- in the test
  [[nodiscard]] char hear() const {
    char word = 0;
    return read(up_[0], &word, 1) == 1 ? word : '-';
  }
  void signal(int number) const { EXPECT_EQ(kill(pid_, number), 0); }
  void wake() const { EXPECT_EQ(write(down_[1], "w", 1), 1); }
  // The exit code, or -signal.
  [[nodiscard]] int end() const {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  std::array<int, 2> up_{};
  std::array<int, 2> down_{};
  pid_t pid_ = 0;
};

// Says r(unning), then s(topped) when the token is; ends when the test wakes it.
void run_body(Child& child) {
  block_signals();
  run_until_signal([&](const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [&] { child.say('s'); });
    child.say('r');
    child.listen();
  });
}

TEST(Signals, the_first_of_either_kind_stops_the_token_and_lets_the_body_end) {
  for (const int number : {SIGINT, SIGTERM}) {
    const Child child(run_body);
    ASSERT_EQ(child.hear(), 'r');
    child.signal(number);
    ASSERT_EQ(child.hear(), 's');
    child.wake();
    EXPECT_EQ(child.end(), kGoodEnd) << number;
  }
}

TEST(Signals, a_second_one_of_either_kind_ends_a_body_that_hangs) {
  for (const int first : {SIGINT, SIGTERM}) {
    for (const int second : {SIGINT, SIGTERM}) {
      const Child child(run_body);
      ASSERT_EQ(child.hear(), 'r');
      child.signal(first);
      ASSERT_EQ(child.hear(), 's');
      child.signal(second);
      EXPECT_EQ(child.end(), 128 + second) << first;
    }
  }
}

TEST(Signals, are_not_needed_for_an_end_and_leave_nothing_behind) {
  const Child child([](Child& self) {
    block_signals();
    for (int i = 0; i < 100; ++i) {
      run_until_signal([&](const std::stop_token& stop) {
        if (stop.stop_requested()) _exit(1);
      });
    }
    run_body(self);
  });
  ASSERT_EQ(child.hear(), 'r');
  child.signal(SIGTERM);
  ASSERT_EQ(child.hear(), 's');
  child.wake();
  EXPECT_EQ(child.end(), kGoodEnd);
}

TEST(Signals, a_broken_pipe_is_an_error_and_no_end) {
  const Child child([](Child&) {
    block_signals();
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) _exit(1);
    close(ends[0]);
    if (write(ends[1], "x", 1) != -1) _exit(2);
  });
  EXPECT_EQ(child.end(), kGoodEnd);
}

}  // namespace
}  // namespace karpenter::runtime
