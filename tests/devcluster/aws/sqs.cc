#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "common/net/crypto.h"
#include "tests/devcluster/aws/services.h"

// One standard queue: at-least-once, visibility timeout, long polls in runtime time. spec: aws §2.11, §12.1

namespace karpenter::devcluster::aws_emulator {
namespace {

std::string queue_url(const Account& account) {
  return "https://sqs." + account.options.region + ".amazonaws.com/" + account.options.account_id + "/" +
         account.options.queue_name;
}

base::Error no_queue() { return failure("QueueDoesNotExist", "The specified queue does not exist."); }

base::Status check_queue(const Account& account, json::View body) {
  const auto url = body["QueueUrl"].string_or("");
  if (!url.ends_with("/" + account.options.account_id + "/" + account.options.queue_name)) return no_queue();
  return base::ok();
}

std::string message_id(const Message& message) {
  const auto digits = std::to_string(message.number);
  return "00000000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') +
         digits;
}

json::Value describe(const Message& message, bool with_attributes) {
  auto out = json::Value::object();
  out["MessageId"].set(message_id(message));
  out["ReceiptHandle"].set(message.receipt());
  out["MD5OfBody"].set(net::md5_hex(message.body));
  out["Body"].set(message.body);
  if (with_attributes) {
    const auto since_epoch =
        std::chrono::duration_cast<std::chrono::milliseconds>(message.sent.time_since_epoch());
    out["Attributes"]["SentTimestamp"].set(std::to_string(since_epoch.count()));
  }
  return out;
}

void drop_expired(Account& account) {
  const auto now = account.runtime.mono();
  std::erase_if(account.queue, [&](const Message& message) { return message.expires_at <= now; });
}

struct Receive {
  std::int64_t max = 1;
  std::chrono::seconds visibility{30};
  bool with_attributes = false;
};

// Takes what is visible now.
json::Value take(Account& account, const Receive& receive) {
  auto out = json::Value::object();
  const auto now = account.runtime.mono();
  std::int64_t taken = 0;
  for (auto& message : account.queue) {
    if (taken == receive.max) break;
    if (message.visible_at > now) continue;
    message.visible_at = now + receive.visibility;
    ++message.receives;
    ++taken;
    out["Messages"].push_back(describe(message, receive.with_attributes));
  }
  return out;
}

// When the answer of a poll can change by itself.
Mono next_wake(const Account& account, Mono deadline) {
  Mono wake = std::min(deadline, next_change(account));
  const auto now = account.runtime.mono();
  for (const auto& message : account.queue) {
    if (message.visible_at > now) wake = std::min(wake, message.visible_at);
  }
  return wake;
}

bool has_visible(const Account& account) {
  const auto now = account.runtime.mono();
  return std::any_of(account.queue.begin(), account.queue.end(),
                     [&](const Message& m) { return m.visible_at <= now; });
}

base::Result<json::Value> get_queue_url(JsonCall& call) {
  RETURN_IF_ERROR(check_members(call.body, {"QueueName"}, {"QueueOwnerAWSAccountId"}));
  if (call.body["QueueName"].string_or("") != call.account.options.queue_name) return no_queue();
  auto out = json::Value::object();
  out["QueueUrl"].set(queue_url(call.account));
  return out;
}

base::Result<json::Value> receive_message(JsonCall& call) {
  Account& account = call.account;
  RETURN_IF_ERROR(check_members(call.body, {"QueueUrl"},
                                {"MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds",
                                 "AttributeNames", "MessageSystemAttributeNames", "MessageAttributeNames"}));
  RETURN_IF_ERROR(check_queue(account, call.body));
  Receive receive;
  ASSIGN_OR_RETURN(receive.max, read_integer(call.body, "MaxNumberOfMessages", 1, 1, 10));
  ASSIGN_OR_RETURN(const auto visibility, read_integer(call.body, "VisibilityTimeout", 30, 0, 43200));
  ASSIGN_OR_RETURN(const auto wait_seconds, read_integer(call.body, "WaitTimeSeconds", 0, 0, 20));
  receive.visibility = std::chrono::seconds(visibility);
  receive.with_attributes =
      call.body["MessageSystemAttributeNames"].size() + call.body["AttributeNames"].size() > 0;
  const Mono deadline =
      std::min(call.call.deadline, account.runtime.mono() + std::chrono::seconds(wait_seconds));
  while (true) {
    advance(account);
    drop_expired(account);
    auto out = take(account, receive);
    if (out.view()["Messages"].size() > 0 || account.runtime.mono() >= deadline) return out;
    const net::Call limited{next_wake(account, deadline), call.call.stop};
    const auto woken =
        runtime::wait(*account.queue_changed, call.lock, limited, [&] { return has_visible(account); });
    if (woken.failed_with(base::Code::kCancelled)) return out;
  }
}

base::Result<json::Value> delete_message(JsonCall& call) {
  RETURN_IF_ERROR(check_members(call.body, {"QueueUrl", "ReceiptHandle"}, {}));
  RETURN_IF_ERROR(check_queue(call.account, call.body));
  const auto decoded = base::base64_decode(call.body["ReceiptHandle"].string_or(""));
  const auto number =
      decoded ? base::parse_int64(std::string_view(*decoded).substr(0, decoded->find('#'))) : std::nullopt;
  if (!number || decoded->find('#') == std::string::npos) {
    return failure("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
  }
  std::erase_if(call.account.queue,
                [&](const Message& m) { return m.number == static_cast<std::uint64_t>(*number); });
  return json::Value::object();
}

base::Result<json::Value> send_message(JsonCall& call) {
  RETURN_IF_ERROR(check_members(call.body, {"QueueUrl", "MessageBody"}, {}));
  RETURN_IF_ERROR(check_queue(call.account, call.body));
  queue_message(call.account, call.body["MessageBody"].string_or(""));
  const auto& message = call.account.queue.back();
  auto out = json::Value::object();
  out["MessageId"].set(message_id(message));
  out["MD5OfMessageBody"].set(net::md5_hex(message.body));
  return out;
}

}  // namespace

JsonOperation find_sqs_operation(std::string_view name) {
  static const std::map<std::string_view, JsonOperation> operations = {{"GetQueueUrl", get_queue_url},
                                                                       {"ReceiveMessage", receive_message},
                                                                       {"DeleteMessage", delete_message},
                                                                       {"SendMessage", send_message}};
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : found->second;
}

}  // namespace karpenter::devcluster::aws_emulator
