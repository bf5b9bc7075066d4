// Fuzzes the asking of each NSS service: nsswitch.conf of any text, and services that answer as the input says, use
// their buffers to the edge and give back other ones.
#include "../../src/native/nss-services.h"

#include <dlfcn.h>
#include <errno.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "expect.h"
#include "input.h"

namespace {

constexpr long kMaxGroups = 65536;
constexpr const char* kNames[] = {"sss", "ldap", "winbind", "x", "files", "systemd"};

// What a service is, and says.
struct Service {
  bool is_installed;
  bool knows;
  nss_status status;
  int number;
  long groups;
};

std::map<std::string, Service> services;
std::vector<std::string> asked;  // in this order
std::string opened;

// libnss_NAME.so.2, and its name.
bool IsService(const std::string& library, std::string& name) {
  if (library.rfind("libnss_", 0) != 0 || library.size() < 12) return false;
  name = library.substr(7, library.size() - 12);
  return library.substr(library.size() - 5) == ".so.2";
}

template <typename Record>
nss_status Answer(Record* record, char* buffer, size_t size, int* number) {
  const Service& service = services.at(opened);
  asked.push_back(opened);
  std::memset(static_cast<void*>(record), 0x5a, sizeof *record);
  std::memset(buffer, 0x5a, size);
  // Modules leave it as it is beside an entry.
  if (service.status != NSS_STATUS_SUCCESS) *number = service.number;
  return service.status;
}

nss_status GiveUser(const char*, passwd* record, char* buffer, size_t size, int* number) {
  return Answer(record, buffer, size, number);
}
nss_status GiveGroup(const char*, group* record, char* buffer, size_t size, int* number) {
  return Answer(record, buffer, size, number);
}
nss_status GiveGroupByGid(gid_t, group* record, char* buffer, size_t size, int* number) {
  return Answer(record, buffer, size, number);
}

// Grows the array as glibc's own modules do.
nss_status ListGroups(const char*, gid_t, long* count, long* size, gid_t** gids, long limit, int* number) {
  const Service& service = services.at(opened);
  asked.push_back(opened);
  Expect(*count == 0 && *size > 0 && *gids != nullptr && limit == kMaxGroups, "an array with room, and the bound");
  for (long i = 0; i < std::min(service.groups, limit); i++) {
    if (*count == *size) {
      auto* larger = static_cast<gid_t*>(realloc(*gids, 2 * static_cast<size_t>(*size) * sizeof(gid_t)));
      Expect(larger != nullptr, "memory");
      *gids = larger;
      *size *= 2;
    }
    (*gids)[(*count)++] = static_cast<gid_t>(i);
  }
  *number = service.number;
  return service.status;
}

}  // namespace

extern "C" {

// By a macro, since the sanitizers need the real ones before anything here is ready.
void* dlopen(const char* library, int) {
  Expect(IsService(library, opened), "no library but those of services");
  Expect(opened.find('/') == std::string::npos, "no library from elsewhere");
  const auto found = services.find(opened);
  return found != services.end() && found->second.is_installed ? &found->second : nullptr;
}

void* dlsym(void* handle, const char* symbol) {
  Expect(handle == &services.at(opened), "the handle that was given");
  const std::string prefix = "_nss_" + opened + "_", name(symbol);
  Expect(name.rfind(prefix, 0) == 0, "a function of the service");
  if (!services.at(opened).knows) return nullptr;
  const std::string function = name.substr(prefix.size());
  if (function == "getpwnam_r") return reinterpret_cast<void*>(&GiveUser);
  if (function == "getgrnam_r") return reinterpret_cast<void*>(&GiveGroup);
  if (function == "getgrgid_r") return reinterpret_cast<void*>(&GiveGroupByGid);
  Expect(function == "initgroups_dyn", "no other function");
  return reinterpret_cast<void*>(&ListGroups);
}
}

namespace {

// nsswitch.conf(5) read once more, character by character: what stands behind the first `database:`.
bool EntriesOf(const std::string& text, const std::string& database, std::string& entries) {
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    start = end + 1;
    line = line.substr(0, line.find('#'));
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    const char* spaces = " \t\r\v\f";
    name.erase(0, std::min(name.find_first_not_of(spaces), name.size()));
    name.erase(name.find_last_not_of(spaces) + 1);
    if (name != database) continue;
    entries = line.substr(colon + 1);
    return true;
  }
  return false;
}

// The services up to the first action that may end the line, but for those of this machine.
std::vector<std::string> WantedIn(const std::string& entries) {
  std::vector<std::string> wanted;
  std::string word;
  const auto take = [&] {
    const bool isOwn = word == "files" || word == "systemd";
    if (!word.empty() && !isOwn && word.find('/') == std::string::npos) wanted.push_back(word);
    word.clear();
  };
  for (size_t at = 0; at < entries.size(); at++) {
    if (entries[at] == '[') {
      take();
      std::string action;
      for (; at < entries.size() && entries[at] != ']'; at++) action += static_cast<char>(tolower(entries[at]));
      if (action.find("return") != std::string::npos) return wanted;
    } else if (entries[at] == ' ' || entries[at] == '\t') {
      take();
    } else {
      word += entries[at];
    }
  }
  take();
  return wanted;
}

int FaultOf(const std::string& name, const Service& service) {
  const bool is_fault = service.status == NSS_STATUS_UNAVAIL || service.status == NSS_STATUS_TRYAGAIN;
  if (!is_fault || (service.status == NSS_STATUS_TRYAGAIN && service.number == ERANGE)) return 0;
  if (name == "sss" && service.number == ENOENT) return 0;
  return service.number == 0 ? EAGAIN : service.number;
}

void Check(const std::string& text, const std::string& database, int fault) {
  std::vector<std::string> wanted;
  int first = 0;
  std::string entries;
  const bool is_list = database == "initgroups";
  const bool is_unknown = is_list && EntriesOf(text, "initgroups", entries);
  if (!is_unknown && EntriesOf(text, is_list ? "group" : database, entries)) {
    for (const std::string& name : WantedIn(entries)) {
      const auto found = services.find(name);
      if (found == services.end() || !found->second.is_installed || !found->second.knows) continue;
      wanted.push_back(name);
      first = FaultOf(name, found->second);
      if (first != 0) break;
    }
  }
  Expect(asked == wanted, "the services of the line in their order, up to the first that could not be asked");
  Expect(fault == first, "the fault of the first that could not be asked");
}

std::string ConsumeEntries(FuzzedDataProvider& input) {
  std::string entries;
  while (input.remaining_bytes() > 0 && entries.size() < 200 && !ConsumeRare(input, 8)) {
    const char* const words[] = {
        "[NOTFOUND=return]",    "[!UNAVAIL=return]", "[SUCCESS=merge]", "[", "]", "#", ":", "/x", "\t", "\r",
        "[ NOTFOUND = RETURN ]"};
    if (ConsumeRare(input, 3)) {
      entries += input.PickValueInArray(words);
    } else {
      entries += input.PickValueInArray(kNames);
    }
    if (!ConsumeRare(input, 8)) entries += ' ';
  }
  return entries;
}

std::string ConsumeConfiguration(FuzzedDataProvider& input) {
  std::string text;
  const size_t lines = input.ConsumeIntegralInRange<size_t>(0, 4);
  for (size_t i = 0; i < lines; i++) {
    const char* const names[] = {
        "passwd:", "group:", "initgroups:", " passwd : ", "group\t:", "passwd group:", "#", ""};
    text += input.PickValueInArray(names) + ConsumeEntries(input) + '\n';
  }
  return text + WithoutNul(input.ConsumeRandomLengthString(60));
}

Service ConsumeService(FuzzedDataProvider& input) {
  const nss_status statuses[] = {NSS_STATUS_NOTFOUND, NSS_STATUS_SUCCESS, NSS_STATUS_UNAVAIL, NSS_STATUS_TRYAGAIN,
                                 NSS_STATUS_RETURN};
  const int numbers[] = {0, ENOENT, ERANGE, ECONNREFUSED, EAGAIN, -1};
  const bool is_installed = !ConsumeRare(input, 8), knows = !ConsumeRare(input, 8);
  const nss_status status = input.PickValueInArray(statuses);
  const int number = status == NSS_STATUS_SUCCESS ? 0 : input.PickValueInArray(numbers);
  return {is_installed, knows, status, number, input.ConsumeIntegralInRange<long>(0, 200)};
}

// A file of memory, which is read by its path as any other.
class Configuration {
 public:
  Configuration() : number_(memfd_create("nsswitch.conf", MFD_CLOEXEC)) {
    path_ = "/proc/self/fd/" + std::to_string(number_);
    Expect(number_ >= 0, "a file of memory");
  }
  const char* Write(const std::string& text) const {
    const bool is_written =
        ftruncate(number_, 0) == 0 && pwrite(number_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    Expect(is_written, "the configuration is written");
    return path_.c_str();
  }

 private:
  int number_;
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Configuration configuration;
  FuzzedDataProvider input(data, size);
  services.clear();
  asked.clear();
  const int what = input.ConsumeIntegralInRange<int>(0, 3);
  for (const char* name : kNames) services[name] = ConsumeService(input);
  const std::string text = ConsumeConfiguration(input);
  const char* const path = configuration.Write(text);
  int fault = 0;
  if (what == 0) fault = pamhook::FaultInUser("asked", path);
  if (what == 1) fault = pamhook::FaultInGroup("asked", path);
  if (what == 2) fault = pamhook::FaultInGroup(7, path);
  if (what == 3) fault = pamhook::FaultInGroupList("asked", 7, path);
  const char* const databases[] = {"passwd", "group", "group", "initgroups"};
  Check(text, databases[what], fault);
  return 0;
}
