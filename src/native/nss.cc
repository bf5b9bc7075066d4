// Lookups as JavaScript calls them: a promise each, answered by the pool. Runs in the front, the supervisor and the PAM
// worker.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "addon.h"
#include "lookup-pool.h"
#include "lookup.h"

namespace {

using pamhook::Answer;

bool CanOpenFiles() {
  const int number = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (number < 0) return errno != EMFILE && errno != ENFILE;
  close(number);
  return true;
}

// Where no file can be opened, some modules take what they cannot read for what is not there.
template <typename Found>
Answer<Found> Trusted(Answer<Found> answer) {
  constexpr bool kMayLack = std::is_same_v<Found, std::vector<pamhook::Group>>;
  if ((kMayLack || std::holds_alternative<pamhook::NotFound>(answer)) && !CanOpenFiles()) {
    return pamhook::Failure{EMFILE, "open"};
  }
  return answer;
}

// undefined for not found; throws for a failure.
template <typename Found, typename Convert>
Napi::Value ToValue(Napi::Env env, const Answer<Found>& answer, Convert convert) {
  if (const auto* failure = std::get_if<pamhook::Failure>(&answer)) {
    throw pamhook::SystemError(env, failure->number, failure->call);
  }
  if (const auto* found = std::get_if<Found>(&answer)) return convert(*found);
  return env.Undefined();
}

Napi::Value ToUser(Napi::Env env, const pamhook::User& user) {
  if (!pamhook::IsUtf8(env, user.name)) throw pamhook::SystemError(env, EILSEQ, "getpwnam_r");
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", user.name);
  object.Set("uid", user.uid);
  object.Set("gid", user.gid);
  return object;
}

// A name that is not UTF-8 counts as none: made readable, it could be the name of another group.
Napi::Value ToGroupList(Napi::Env env, const std::vector<pamhook::Group>& groups) {
  Napi::Array names = Napi::Array::New(env);
  Napi::Array nameless = Napi::Array::New(env);
  std::unordered_set<std::string> seen;
  for (const pamhook::Group& group : groups) {
    if (group.name.empty() || !pamhook::IsUtf8(env, group.name)) {
      nameless.Set(nameless.Length(), group.gid);
    } else if (seen.insert(group.name).second) {
      names.Set(names.Length(), group.name);
    }
  }
  Napi::Object list = Napi::Object::New(env);
  list.Set("names", names);
  list.Set("nameless", nameless);
  return list;
}

Napi::Value LookupUser(const Napi::CallbackInfo& info) {
  return pamhook::Enqueue(info.Env(), [name = pamhook::ToText(info[0])]() -> pamhook::Settle {
    return [answer = Trusted(pamhook::FindUser(name))](Napi::Env env) {
      return ToValue(env, answer, [env](const pamhook::User& user) { return ToUser(env, user); });
    };
  });
}

Napi::Value LookupGroup(const Napi::CallbackInfo& info) {
  return pamhook::Enqueue(info.Env(), [name = pamhook::ToText(info[0])]() -> pamhook::Settle {
    return [answer = Trusted(pamhook::FindGroup(name))](Napi::Env env) {
      return ToValue(env, answer, [env](gid_t gid) { return Napi::Number::New(env, gid); });
    };
  });
}

Napi::Value GroupsOf(const Napi::CallbackInfo& info) {
  const std::string name = pamhook::ToText(info[0]);
  const gid_t gid = pamhook::ToUint32(info[1]);
  return pamhook::Enqueue(info.Env(), [name, gid]() -> pamhook::Settle {
    return [answer = Trusted(pamhook::FindGroupsOf(name, gid))](Napi::Env env) {
      return ToValue(env, answer,
                     [env](const std::vector<pamhook::Group>& groups) { return ToGroupList(env, groups); });
    };
  });
}

}  // namespace

void pamhook::RegisterNss(Napi::Env env, Napi::Object exports) {
  Export<LookupUser>(env, exports, "lookupUser");
  Export<LookupGroup>(env, exports, "lookupGroup");
  Export<GroupsOf>(env, exports, "groupsOf");
}
