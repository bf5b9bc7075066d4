// getpwnam_r(3), getgrnam_r(3), getgrgid_r(3) and getgrouplist(3) with buffers that grow, up to a bound.
#include "lookup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "nss-services.h"

namespace {

constexpr int kMaxInterruptions = 100;

// Grows with the entries that are read into it.
struct Buffer {
  size_t first_size;
  size_t max_size;
  std::vector<char> bytes = {};
};

// Runs an _r function with a buffer that suffices. Its return value decides, never errno: modules leave all sorts of
// numbers there, beside an entry as well as beside none (getpwnam(3), "RETURN VALUE"). "Not found" is not yet the
// answer: glibc says so of some services that could not be asked.
template <typename Entry, typename Found, typename Call, typename Convert>
pamhook::Answer<Found> Find(const char* name, Buffer& buffer, Call call, Convert convert) {
  std::vector<char>& bytes = buffer.bytes;
  if (bytes.empty()) bytes.resize(buffer.first_size);
  for (int interruptions = 0;;) {
    Entry entry;
    Entry* found = nullptr;
    errno = 0;
    int code = call(&entry, bytes.data(), bytes.size(), &found);
    if (code == EINTR && interruptions++ < kMaxInterruptions) continue;
    if (code == ERANGE && bytes.size() < buffer.max_size) {
      bytes.resize(bytes.size() * 2);
      continue;
    }
    if (code == 0 && found != nullptr) return convert(*found);
    if (code == 0 || code == ENOENT || code == ESRCH) return pamhook::NotFound{};
    return pamhook::Failure{code, name};
  }
}

pamhook::Answer<pamhook::Group> FindGroupByGid(gid_t gid, Buffer& buffer) {
  return Find<group, pamhook::Group>(
      "getgrgid_r", buffer,
      [gid](group* entry, char* data, size_t size, group** found) { return getgrgid_r(gid, entry, data, size, found); },
      [gid](const group& entry) {
        return pamhook::Group{gid, entry.gr_name == nullptr ? "" : entry.gr_name};
      });
}

// `ask` tells whether a service of the line could not be asked: then "not found" is not known.
template <typename Found, typename Ask>
pamhook::Answer<Found> Confirmed(pamhook::Answer<Found> answer, const char* call, Ask ask) {
  if (!std::holds_alternative<pamhook::NotFound>(answer)) return answer;
  if (int fault = ask()) return pamhook::Failure{fault, call};
  return answer;
}

// getgrouplist tells how many there are when the array was too small; some implementations leave the count as it was.
pamhook::Answer<std::vector<gid_t>> FindGids(const std::string& name, gid_t gid, const pamhook::LookupBounds& bounds) {
  int size = bounds.first_groups;
  for (;;) {
    std::vector<gid_t> gids(static_cast<size_t>(size));
    int count = size;
    // A count beyond the array would make groups out of nothing, and all of them root's.
    if (getgrouplist(name.c_str(), gid, gids.data(), &count) >= 0 && count >= 0 && count <= size) {
      gids.resize(static_cast<size_t>(count));
      return gids;
    }
    if (size >= bounds.max_groups || count > bounds.max_groups) return pamhook::Failure{E2BIG, "getgrouplist"};
    size = std::min(bounds.max_groups, std::max(count, size * 2));
  }
}

}  // namespace

namespace pamhook {

Answer<User> FindUser(const std::string& name, const LookupBounds& bounds) {
  Buffer buffer{bounds.first_buffer, bounds.max_passwd_buffer};
  Answer<User> answer = Find<passwd, User>(
      "getpwnam_r", buffer,
      [&name](passwd* entry, char* data, size_t size, passwd** found) {
        return getpwnam_r(name.c_str(), entry, data, size, found);
      },
      [](const passwd& entry) -> Answer<User> {
        if (entry.pw_name == nullptr) return Failure{EINVAL, "getpwnam_r"};
        return User{entry.pw_name, entry.pw_uid, entry.pw_gid};
      });
  return Confirmed(std::move(answer), "getpwnam_r", [&name] { return FaultInUser(name); });
}

Answer<gid_t> FindGroup(const std::string& name, const LookupBounds& bounds) {
  Buffer buffer{bounds.first_buffer, bounds.max_group_buffer};
  Answer<gid_t> answer = Find<group, gid_t>(
      "getgrnam_r", buffer,
      [&name](group* entry, char* data, size_t size, group** found) {
        return getgrnam_r(name.c_str(), entry, data, size, found);
      },
      [](const group& entry) { return entry.gr_gid; });
  return Confirmed(std::move(answer), "getgrnam_r", [&name] { return FaultInGroup(name); });
}

Answer<std::vector<Group>> FindGroupsOf(const std::string& name, gid_t gid, const LookupBounds& bounds) {
  Answer<std::vector<gid_t>> gids = FindGids(name, gid, bounds);
  if (const auto* failure = std::get_if<Failure>(&gids)) return *failure;
  if (int fault = FaultInGroupList(name, gid)) return Failure{fault, "getgrouplist"};

  std::vector<Group> groups;
  std::unordered_set<gid_t> seen;
  Buffer buffer{bounds.first_buffer, bounds.max_group_buffer};
  std::optional<gid_t> nameless;
  for (gid_t each : std::get<std::vector<gid_t>>(gids)) {
    if (!seen.insert(each).second) continue;
    Answer<Group> group = FindGroupByGid(each, buffer);
    if (const auto* failure = std::get_if<Failure>(&group)) return *failure;
    const auto* found = std::get_if<Group>(&group);
    if (found == nullptr) nameless = each;
    groups.push_back(found == nullptr ? Group{each, ""} : *found);
  }
  // One tells it of all: they are asked of the same services, and there can be thousands.
  if (nameless) {
    if (int fault = FaultInGroup(*nameless)) return Failure{fault, "getgrgid_r"};
  }
  return groups;
}

}  // namespace pamhook
