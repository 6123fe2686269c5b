#include "tests/devcluster/aws/wire.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/strings.h"
#include "common/json/json.h"

namespace karpenter::devcluster::aws_emulator {

base::Error failure(std::string code, std::string message) {
  auto error = base::make_error(base::Code::kInvalid, std::move(message));
  error.reason = std::move(code);
  return error;
}

int http_status(std::string_view code) {
  static const std::map<std::string_view, int> statuses = {
      {"AccessDenied", 403},
      {"AuthFailure", 401},
      {"DeleteConflict", 409},
      {"DryRunOperation", 412},
      {"EntityAlreadyExists", 409},
      {"ExpiredToken", 403},
      {"ExpiredTokenException", 403},
      {"InternalError", 500},
      {"InvalidClientTokenId", 403},
      {"LimitExceeded", 409},
      {"MissingAuthenticationToken", 403},
      {"NoSuchEntity", 404},
      {"RequestLimitExceeded", 503},
      {"ResourceNotFoundException", 404},
      {"SignatureDoesNotMatch", 403},
      {"UnauthorizedOperation", 403},
  };
  const auto found = statuses.find(code);
  return found == statuses.end() ? 400 : found->second;
}

struct Param::Node {
  std::optional<std::string> value;
  std::map<std::string, Node, std::less<>> children;
  mutable bool read = false;
};

Param Param::operator[](std::string_view child) const {
  std::string path = path_.empty() ? std::string(child) : path_ + "." + std::string(child);
  if (node_ == nullptr) return Param(form_, nullptr, std::move(path));
  const auto found = node_->children.find(child);
  return Param(form_, found == node_->children.end() ? nullptr : &found->second, std::move(path));
}

void Param::complain(std::string code, std::string message) const {
  if (!form_->complaint_) form_->complaint_ = failure(std::move(code), std::move(message));
}

std::optional<std::string> Param::text() const {
  if (node_ == nullptr || !node_->value) return std::nullopt;
  node_->read = true;
  return node_->value;
}

std::string Param::text_or(std::string_view fallback) const { return text().value_or(std::string(fallback)); }

std::string Param::required() const {
  auto value = text();
  if (!value) complain("MissingParameter", "The request must contain the parameter " + path_);
  return std::move(value).value_or("");
}

std::optional<std::int64_t> Param::integer() const {
  const auto value = text();
  if (!value) return std::nullopt;
  const auto parsed = base::parse_int64(*value);
  if (!parsed)
    complain("InvalidParameterValue",
             "Value (" + *value + ") for parameter " + path_ + " is invalid. Expected an integer.");
  return parsed.value_or(0);
}

std::optional<double> Param::number() const {
  const auto value = text();
  if (!value) return std::nullopt;
  const auto parsed = base::parse_double(*value);
  if (!parsed)
    complain("InvalidParameterValue",
             "Value (" + *value + ") for parameter " + path_ + " is invalid. Expected a number.");
  return parsed.value_or(0);
}

bool Param::flag(bool fallback) const {
  return one_of({"true", "false"}, fallback ? "true" : "false") == "true";
}

std::string Param::one_of(std::initializer_list<std::string_view> allowed, std::string_view fallback) const {
  auto value = text();
  if (!value) return std::string(fallback);
  if (std::find(allowed.begin(), allowed.end(), *value) == allowed.end()) {
    complain("InvalidParameterValue", "Value (" + *value + ") for parameter " + path_ + " is invalid.");
  }
  return *value;
}

std::vector<Param> Param::list() const {
  std::vector<Param> entries;
  if (node_ == nullptr) return entries;
  for (std::size_t i = 1; i <= node_->children.size(); ++i) {
    entries.push_back((*this)[std::to_string(i)]);
    if (entries.back().exists()) continue;
    complain("InvalidParameter", "The list " + path_ + " must be numbered from 1 without gaps: " + path_ +
                                     "." + std::to_string(i) + " is missing");
    entries.pop_back();
    break;
  }
  return entries;
}

std::vector<std::string> Param::texts() const {
  std::vector<std::string> out;
  for (const auto& entry : list()) out.push_back(entry.required());
  return out;
}

Form::Form(std::string_view body) : root_(std::make_unique<Param::Node>()) {
  for (auto& [key, value] : net::parse_query(body)) {
    Param::Node* node = root_.get();
    for (const auto& step : base::split(key, '.')) node = &node->children[step];
    if (node->value && !complaint_) {
      complaint_ = failure("InvalidParameter", "The parameter " + key + " is given more than once");
    }
    node->value = std::move(value);
  }
}

Form::~Form() = default;

Param Form::root() { return Param(this, root_.get(), ""); }

base::Status Form::finish() const {
  if (complaint_) return *complaint_;
  struct Step {
    const Param::Node* node;
    std::string path;
  };
  std::vector<Step> open{{root_.get(), ""}};
  while (!open.empty()) {
    const Step step = std::move(open.back());
    open.pop_back();
    if (step.node->value && !step.node->read) {
      return failure("UnknownParameter", "The parameter " + step.path + " is not recognized");
    }
    for (const auto& [name, child] : step.node->children) {
      open.push_back({&child, step.path.empty() ? name : step.path + "." + name});
    }
  }
  return base::ok();
}

namespace {

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::array<ServiceFacts, 7> kServices{{
    {"ec2", Protocol::kEc2, "2016-11-15", "", false},
    {"sqs", Protocol::kJson, "", "AmazonSQS", false},
    {"ssm", Protocol::kJson, "", "AmazonSSM", false},
    {"iam", Protocol::kQuery, "2010-05-08", "", true},
    {"eks", Protocol::kRestJson, "", "", false},
    {"pricing", Protocol::kJson, "", "AWSPriceListService", true},
    {"sts", Protocol::kQuery, "2011-06-15", "", false},
}};

std::string_view content_type(const ServiceFacts& service) {
  switch (service.protocol) {
    case Protocol::kEc2:
      return "text/xml;charset=UTF-8";
    case Protocol::kQuery:
      return "text/xml";
    case Protocol::kJson:
      return service.name == "sqs" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";
    case Protocol::kRestJson:
      return "application/json";
  }
  return "";
}

net::HttpResponse make_answer(const ServiceFacts& service, int status, std::string body,
                              std::string_view request_id) {
  net::HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", std::string(content_type(service)));
  response.headers.set("x-amzn-RequestId", std::string(request_id));
  response.body = std::move(body);
  return response;
}

std::string query_namespace(const ServiceFacts& service) {
  if (service.protocol == Protocol::kEc2)
    return "http://ec2.amazonaws.com/doc/" + std::string(service.version) + "/";
  return "https://" + std::string(service.name) + ".amazonaws.com/doc/" + std::string(service.version) + "/";
}

std::string error_xml(const ServiceFacts& service, const base::Error& error, int status,
                      std::string_view request_id) {
  Xml xml;
  if (service.protocol == Protocol::kEc2) {
    xml.node("Response", [&](Xml& response) {
      response.node("Errors", [&](Xml& errors) {
        errors.node("Error",
                    [&](Xml& one) { one.text("Code", error.reason).text("Message", error.message); });
      });
      response.text("RequestID", request_id);
    });
  } else {
    xml.node("ErrorResponse", [&](Xml& response) {
      response.node("Error", [&](Xml& one) {
        one.text("Type", status < 500 ? "Sender" : "Receiver")
            .text("Code", error.reason)
            .text("Message", error.message);
      });
      response.text("RequestId", request_id);
    });
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + xml.str();
}

}  // namespace

Xml& Xml::text(std::string_view tag, std::string_view value) {
  open(tag);
  out_ += escape_xml(value);
  return close(tag);
}
Xml& Xml::integer(std::string_view tag, std::int64_t value) { return text(tag, std::to_string(value)); }
Xml& Xml::flag(std::string_view tag, bool value) { return text(tag, value ? "true" : "false"); }
Xml& Xml::number(std::string_view tag, double value) { return text(tag, format_number(value)); }
Xml& Xml::items(std::string_view tag, const std::vector<std::string>& values) {
  open(tag);
  for (const auto& value : values) text("item", value);
  return close(tag);
}
Xml& Xml::raw(std::string_view xml) {
  out_ += xml;
  return *this;
}
void Xml::open(std::string_view tag) { out_.append("<").append(tag).append(">"); }
Xml& Xml::close(std::string_view tag) {
  out_.append("</").append(tag).append(">");
  return *this;
}

std::string format_number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

const ServiceFacts* find_service(std::string_view name) {
  const auto found =
      std::find_if(kServices.begin(), kServices.end(), [&](const auto& s) { return s.name == name; });
  return found == kServices.end() ? nullptr : &*found;
}

const ServiceFacts* guess_service(const net::HttpRequest& request) {
  const std::string target = request.headers.get("X-Amz-Target");
  std::string version;
  if (target.empty() && request.method == "POST") {
    for (const auto& [key, value] : net::parse_query(request.body)) {
      if (key == "Version") version = value;
    }
  }
  for (const auto& service : kServices) {
    if (!service.target_prefix.empty() && target.starts_with(std::string(service.target_prefix) + "."))
      return &service;
    if (!service.version.empty() && service.version == version) return &service;
    if (service.protocol == Protocol::kRestJson && request.path().starts_with("/clusters")) return &service;
  }
  return nullptr;
}

net::HttpResponse error_answer(const ServiceFacts& service, const base::Error& error, int status,
                               std::string_view request_id) {
  if (service.protocol == Protocol::kEc2 || service.protocol == Protocol::kQuery) {
    return make_answer(service, status, error_xml(service, error, status, request_id), request_id);
  }
  auto body = json::Value::object();
  body["message"].set(error.message);
  if (service.protocol == Protocol::kJson) {
    body["__type"].set(service.name == "sqs" ? "com.amazonaws.sqs#" + error.reason : error.reason);
  }
  auto response = make_answer(service, status, body.dump(), request_id);
  if (service.protocol == Protocol::kRestJson) response.headers.set("x-amzn-ErrorType", error.reason);
  if (service.name == "sqs") {
    const bool no_queue = error.reason == "QueueDoesNotExist";
    const std::string legacy = no_queue ? "AWS.SimpleQueueService.NonExistentQueue" : error.reason;
    response.headers.set("x-amzn-query-error", legacy + (status < 500 ? ";Sender" : ";Receiver"));
  }
  return response;
}

net::HttpResponse xml_answer(const ServiceFacts& service, std::string_view operation, std::string_view xml,
                             std::string_view request_id) {
  const std::string root = std::string(operation) + "Response";
  Xml body;
  if (service.protocol == Protocol::kEc2) {
    body.text("requestId", request_id).raw(xml);
  } else {
    body.node(std::string(operation) + "Result", [&](Xml& result) { result.raw(xml); });
    body.node("ResponseMetadata", [&](Xml& metadata) { metadata.text("RequestId", request_id); });
  }
  return make_answer(service, 200,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<" + root + " xmlns=\"" +
                         query_namespace(service) + "\">" + body.str() + "</" + root + ">",
                     request_id);
}

net::HttpResponse json_answer(const ServiceFacts& service, std::string json, std::string_view request_id) {
  return make_answer(service, 200, std::move(json), request_id);
}

}  // namespace karpenter::devcluster::aws_emulator
