// Fuzzes the lookups of users and groups against a database that answers as the input says: entries of every size at
// the edges of the buffers, every errno, names that are odd or missing, lists of groups of any length.
#include "../../src/native/lookup.h"

#include <errno.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "../../src/native/nss-services.h"
#include "expect.h"
#include "input.h"

namespace {

using pamhook::Answer;
using pamhook::Failure;
using pamhook::NotFound;

constexpr size_t kMaxCalls = 2000;

// Small, so that their edges are near; the shape is that of the real ones.
constexpr pamhook::LookupBounds kBounds = {16, 256, 1024, 4, 64};

constexpr int kNumbers[] = {ENOENT, ESRCH, EIO,       EAGAIN,       EACCES, ENOMEM, EMFILE, EBADF,
                            EPERM,  EINTR, ETIMEDOUT, ECONNREFUSED, EINVAL, ERANGE, -1,     12345};

// One entry of the database, or why there is none.
struct Entry {
  int interruptions;  // EINTR so often before anything else
  int number;         // what the call returns in the end; 0 with or without an entry
  size_t needed;      // bytes of the buffer
  std::optional<std::string> name;
  bool is_missing;
  bool is_elsewhere;  // the entry that is pointed to is not the one that was passed in
  uid_t uid;
  gid_t gid;
};

Entry ConsumeEntry(FuzzedDataProvider& input) {
  Entry entry = {};
  entry.interruptions = ConsumeRare(input, 16) ? input.ConsumeIntegralInRange<int>(0, 200) : 0;
  const int kind = input.ConsumeIntegralInRange<int>(0, 7);
  if (kind == 7) entry.number = input.PickValueInArray(kNumbers);
  entry.is_missing = kind == 6;
  entry.is_elsewhere = ConsumeRare(input, 8);
  if (kind != 5) {
    std::string name = input.ConsumeRandomLengthString(40);
    entry.name = name.substr(0, name.find('\0'));
  }
  entry.needed = entry.name.value_or("").size() + 1;
  if (ConsumeRare(input, 4)) {
    const size_t edge = size_t{16} << input.ConsumeIntegralInRange<int>(0, 7);
    entry.needed = std::max(entry.needed, edge + input.ConsumeIntegralInRange<size_t>(0, 2) - 1);
  }
  entry.uid = input.ConsumeIntegral<uid_t>();
  entry.gid = input.ConsumeIntegral<gid_t>();
  return entry;
}

enum class Report { kNeeded, kUnchanged, kNegative, kTooManyAsSuccess };

// The database, and what a look into it has cost.
struct Database {
  explicit Database(FuzzedDataProvider& input) {
    user = ConsumeEntry(input);
    group = ConsumeEntry(input);
    primary = input.ConsumeIntegralInRange<gid_t>(0, 70);
    const size_t count = input.ConsumeIntegralInRange<size_t>(0, 70);
    const bool are_counted = input.ConsumeBool();
    for (size_t i = 0; i < count; i++) {
      gids.push_back(are_counted ? static_cast<gid_t>(i) : input.ConsumeIntegralInRange<gid_t>(0, 70));
    }
    report = input.PickValueInArray({Report::kNeeded, Report::kNeeded, Report::kNeeded, Report::kUnchanged,
                                     Report::kNegative, Report::kTooManyAsSuccess});
    while (input.remaining_bytes() > 0 && groups.size() < 70) {
      groups.emplace(input.ConsumeIntegralInRange<gid_t>(0, 70), ConsumeEntry(input));
    }
  }

  Entry user, group;
  gid_t primary;
  std::vector<gid_t> gids;
  Report report;
  std::map<gid_t, Entry> groups;
  size_t calls = 0;
  int interrupted = 0;  // the call that is under way
};

Database* database = nullptr;
const std::string kAsked = "asked";

void CountCall() { Expect(++database->calls <= kMaxCalls, "a lookup comes to an end"); }

template <typename Record, typename Fill>
int Give(const Entry& entry, Record* record, char* buffer, size_t size, Record** found, Fill fill) {
  CountCall();
  // All of the buffer is there to be written.
  std::memset(buffer, 0x5a, size);
  std::memset(static_cast<void*>(record), 0x5a, sizeof *record);
  *found = nullptr;
  if (database->interrupted++ < entry.interruptions) return EINTR;
  if (size < entry.needed || entry.number == ERANGE) return ERANGE;
  database->interrupted = 0;
  if (entry.number != 0) return entry.number;
  errno = EIO;  // modules leave what they met on the way
  if (entry.is_missing) return 0;
  static Record elsewhere;
  Record* const target = entry.is_elsewhere ? &elsewhere : record;
  char* name = nullptr;
  if (entry.name) {
    name = buffer + size - entry.name->size() - 1;
    std::memcpy(name, entry.name->c_str(), entry.name->size() + 1);
  }
  fill(target, name);
  *found = target;
  return 0;
}

const Entry& GroupOf(gid_t gid) {
  static const Entry none = {0, 0, 1, {}, true, false, 0, 0};
  const auto found = database->groups.find(gid);
  return found == database->groups.end() ? none : found->second;
}

int GiveGroup(const Entry& entry, group* record, char* buffer, size_t size, group** found) {
  return Give(entry, record, buffer, size, found, [&entry](group* target, char* name) {
    *target = {};
    target->gr_name = name;
    target->gr_gid = entry.gid;
  });
}

// Of a service that could not be asked, or 0. Taken from what is read anyhow: inputs that are kept go on meaning the
// same.
int FaultOf(uint32_t id) { return id % 8 == 7 ? ECONNREFUSED : 0; }
int FaultInList() { return FaultOf(database->user.uid); }
int FaultInEntry() { return FaultOf(database->user.gid); }

}  // namespace

namespace pamhook {

int FaultInUser(const std::string&, const char*) { return FaultInEntry(); }
int FaultInGroup(const std::string&, const char*) { return FaultInEntry(); }
int FaultInGroup(gid_t, const char*) { return FaultInEntry(); }
int FaultInGroupList(const std::string&, gid_t, const char*) { return FaultInList(); }

}  // namespace pamhook

extern "C" {

int getpwnam_r(const char* name, passwd* record, char* buffer, size_t size, passwd** found) {
  Expect(kAsked == name, "the name as it was asked for");
  const Entry& entry = database->user;
  return Give(entry, record, buffer, size, found, [&entry](passwd* target, char* given) {
    *target = {};
    target->pw_name = given;
    target->pw_uid = entry.uid;
    target->pw_gid = entry.gid;
  });
}

int getgrnam_r(const char* name, group* record, char* buffer, size_t size, group** found) {
  Expect(kAsked == name, "the name as it was asked for");
  return GiveGroup(database->group, record, buffer, size, found);
}

int getgrgid_r(gid_t gid, group* record, char* buffer, size_t size, group** found) {
  return GiveGroup(GroupOf(gid), record, buffer, size, found);
}

int getgrouplist(const char* name, gid_t primary, gid_t* groups, int* count) {
  CountCall();
  Expect(kAsked == name && primary == database->primary, "user and group as they were asked for");
  const std::vector<gid_t>& gids = database->gids;
  const auto room = static_cast<size_t>(*count);
  std::copy_n(gids.begin(), std::min(room, gids.size()), groups);
  const bool fits = gids.size() <= room;
  if (fits || database->report == Report::kNeeded || database->report == Report::kTooManyAsSuccess) {
    *count = static_cast<int>(gids.size());
  } else if (database->report == Report::kNegative) {
    *count = -1;
  }
  return fits || database->report == Report::kTooManyAsSuccess ? *count : -1;
}
}

namespace {

constexpr int kMaxInterruptions = 100;

// What a look-up of the entry in a buffer of at most so many bytes has to say.
template <typename Found>
void ExpectAnswer(const Answer<Found>& answer, const Entry& entry, size_t max_buffer, int nameless) {
  const auto* failure = std::get_if<Failure>(&answer);
  if (failure != nullptr) Expect(failure->number != 0 && failure->call != nullptr, "a failure says what failed");
  int number = entry.number;
  if (entry.needed > max_buffer) number = ERANGE;
  if (entry.interruptions > kMaxInterruptions) number = EINTR;
  if (number == 0 && !entry.is_missing && !entry.name) number = nameless;
  if (number == ENOENT || number == ESRCH || (number == 0 && entry.is_missing)) {
    if (int fault = FaultInEntry()) {
      Expect(failure != nullptr && failure->number == fault, "not found by all that could be asked is a failure");
    } else {
      Expect(std::holds_alternative<NotFound>(answer), "no entry is not found");
    }
  } else if (number != 0) {
    Expect(failure != nullptr && failure->number == number, "a failure is a failure, and that one");
  } else {
    Expect(std::holds_alternative<Found>(answer), "an entry is found");
  }
}

void CheckUser() {
  const Answer<pamhook::User> answer = pamhook::FindUser(kAsked, kBounds);
  const Entry& entry = database->user;
  ExpectAnswer(answer, entry, kBounds.max_passwd_buffer, EINVAL);
  if (const auto* user = std::get_if<pamhook::User>(&answer)) {
    Expect(user->name == entry.name && user->uid == entry.uid && user->gid == entry.gid,
           "the user as the entry has it");
  }
}

void CheckGroup() {
  const Answer<gid_t> answer = pamhook::FindGroup(kAsked, kBounds);
  ExpectAnswer(answer, database->group, kBounds.max_group_buffer, 0);
  if (const auto* gid = std::get_if<gid_t>(&answer)) Expect(*gid == database->group.gid, "the gid of the entry");
}

// Each gid once, in the order of the list, up to the first that failed.
void CheckGroups() {
  const Answer<std::vector<pamhook::Group>> answer = pamhook::FindGroupsOf(kAsked, database->primary, kBounds);
  const auto* failure = std::get_if<Failure>(&answer);
  if (database->gids.size() > static_cast<size_t>(kBounds.max_groups)) {
    Expect(failure != nullptr && failure->number == E2BIG, "too many groups are a failure");
    return;
  }
  if (int fault = FaultInList()) {
    Expect(failure != nullptr && failure->number == fault, "a list that may lack groups is a failure");
    return;
  }
  std::vector<gid_t> wanted;
  bool is_nameless = false;
  for (gid_t gid : database->gids) {
    if (std::find(wanted.begin(), wanted.end(), gid) == wanted.end()) wanted.push_back(gid);
  }
  const auto* groups = std::get_if<std::vector<pamhook::Group>>(&answer);
  Expect(groups != nullptr || failure != nullptr, "a list, or a failure");
  for (size_t i = 0; i < wanted.size(); i++) {
    const Entry& entry = GroupOf(wanted[i]);
    const bool fails = entry.needed > kBounds.max_group_buffer || entry.interruptions > kMaxInterruptions ||
                       (entry.number != 0 && entry.number != ENOENT && entry.number != ESRCH);
    if (fails) {
      Expect(failure != nullptr, "a group that cannot be asked for is no list without it");
      return;
    }
    is_nameless |= entry.is_missing || entry.number != 0;
    if (groups == nullptr) continue;
    Expect(i < groups->size() && (*groups)[i].gid == wanted[i], "each group once, in order");
    const std::string name = entry.is_missing || entry.number != 0 ? "" : entry.name.value_or("");
    Expect((*groups)[i].name == name, "the name of its entry, none where there is none");
  }
  if (is_nameless && FaultInEntry() != 0) {
    Expect(failure != nullptr, "a group is nameless only when all could be asked for it");
    return;
  }
  Expect(groups != nullptr && groups->size() == wanted.size(), "the groups of the list and no others");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const int what = input.ConsumeIntegralInRange<int>(0, 5);
  Database given(input);
  database = &given;
  if (what == 0) CheckUser();
  if (what == 1) CheckGroup();
  if (what > 1) CheckGroups();
  return 0;
}
