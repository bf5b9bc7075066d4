// glibc answers with what the last service of the line said, so that `passwd: files sss systemd` makes "no such user"
// of an SSSD that is down; getgrouplist() leaves out the groups of such a service without a word. Each service is a
// library whose functions are documented for whoever writes one (libc manual, "NSS Modules Interface"): they tell.
#include "nss-services.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

namespace {

constexpr size_t kBuffer = 4096;
constexpr long kMaxGroups = 65536;  // NGROUPS_MAX

using FindUser = nss_status(const char*, passwd*, char*, size_t, int*);
using FindGroupByName = nss_status(const char*, group*, char*, size_t, int*);
using FindGroupByGid = nss_status(gid_t, group*, char*, size_t, int*);
using ListGroups = nss_status(const char*, gid_t, long*, long*, gid_t**, long, int*);

// A line of the configuration, and what its service `files` reads.
struct Database {
  const char* configuration;
  const char* name;
  const char* file;
};

Database Users(const char* configuration) { return {configuration, "passwd", "/etc/passwd"}; }

Database Groups(const char* configuration) { return {configuration, "group", "/etc/group"}; }

// What the line of a database says; false: it has no line.
bool LineOf(const Database& database, std::string& entries) {
  std::ifstream configuration(database.configuration);
  for (std::string line; std::getline(configuration, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream before(line.substr(0, colon));
    std::string name, more;
    if (!(before >> name) || name != database.name || before >> more) continue;
    entries = line.substr(colon + 1);
    return true;
  }
  return false;
}

// `[NOTFOUND=return]`, `[!UNAVAIL=return]`: whether glibc asks what comes behind it depends on the answer before it.
bool MayReturn(std::string actions) {
  for (char& each : actions) each = static_cast<char>(tolower(each));
  return actions.find("return") != std::string::npos;
}

// systemd's service knows this machine alone, and passes off as its own what glibc, which it asks again, says of the
// others.
bool IsToBeAsked(const std::string& service) { return service != "systemd" && service.find('/') == std::string::npos; }

// Actions are one word each, brackets included, however they are spaced.
std::vector<std::string> WordsOf(const std::string& entries) {
  std::vector<std::string> words;
  for (size_t at = 0; (at = entries.find_first_not_of(" \t", at)) != std::string::npos;) {
    size_t end = entries[at] == '[' ? entries.find(']', at) : entries.find_first_of(" \t[", at);
    if (end == std::string::npos) end = entries.size();
    if (entries[at] == '[' && end < entries.size()) end++;
    words.push_back(entries.substr(at, end - at));
    at = end;
  }
  return words;
}

// The services that are asked in any case.
std::vector<std::string> ServicesOf(const Database& database) {
  std::string entries;
  std::vector<std::string> services;
  if (!LineOf(database, entries)) return services;
  for (const std::string& word : WordsOf(entries)) {
    if (word.front() == '[') {
      if (MayReturn(word)) break;
    } else if (IsToBeAsked(word)) {
      services.push_back(word);
    }
  }
  return services;
}

// nullptr: the service is not installed, or knows nothing of the kind; glibc passes it over too.
template <typename Function>
Function* FunctionOf(const std::string& service, const char* function) {
  void* library = dlopen(("libnss_" + service + ".so.2").c_str(), RTLD_NOW | RTLD_NODELETE);
  if (library == nullptr) return nullptr;
  return reinterpret_cast<Function*>(dlsym(library, ("_nss_" + service + "_" + function).c_str()));
}

// An entry too large for the buffer is an entry. An SSSD that has ended leaves its socket behind: where there is none,
// SSSD is not in use, though many a distribution's nsswitch.conf names it.
int FaultOf(const std::string& service, nss_status status, int number) {
  if (status != NSS_STATUS_UNAVAIL && status != NSS_STATUS_TRYAGAIN) return 0;
  if (status == NSS_STATUS_TRYAGAIN && number == ERANGE) return 0;
  if (service == "sss" && number == ENOENT) return 0;
  return number == 0 ? EAGAIN : number;
}

// The service `files`, which is a part of libc: it can answer when its file can be read.
int FaultInFile(const char* file) {
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return errno;
  close(descriptor);
  return 0;
}

template <typename Function, typename Call>
int FirstFault(const Database& database, const char* function, Call call) {
  for (const std::string& service : ServicesOf(database)) {
    if (service == "files") {
      if (int fault = FaultInFile(database.file)) return fault;
      continue;
    }
    auto* asked = FunctionOf<Function>(service, function);
    if (asked == nullptr) continue;
    int number = 0;
    const nss_status status = call(asked, &number);
    if (int fault = FaultOf(service, status, number)) return fault;
  }
  return 0;
}

template <typename Function, typename Entry, typename Key>
int FirstFaultInEntry(const Database& database, const char* function, Key key) {
  std::vector<char> buffer(kBuffer);
  return FirstFault<Function>(database, function, [&](Function* find, int* number) {
    Entry entry;
    return find(key, &entry, buffer.data(), buffer.size(), number);
  });
}

}  // namespace

namespace pamhook {

int FaultInUser(const std::string& name, const char* configuration) {
  return FirstFaultInEntry<FindUser, passwd>(Users(configuration), "getpwnam_r", name.c_str());
}

int FaultInGroup(const std::string& name, const char* configuration) {
  return FirstFaultInEntry<FindGroupByName, group>(Groups(configuration), "getgrnam_r", name.c_str());
}

int FaultInGroup(gid_t gid, const char* configuration) {
  return FirstFaultInEntry<FindGroupByGid, group>(Groups(configuration), "getgrgid_r", gid);
}

int FaultInGroupList(const std::string& user, gid_t gid, const char* configuration) {
  // Where there is a line `initgroups`, its first success ends the list: which services were asked cannot be told.
  std::string entries;
  if (LineOf({configuration, "initgroups", nullptr}, entries)) return 0;
  return FirstFault<ListGroups>(Groups(configuration), "initgroups_dyn", [&](ListGroups* list, int* number) {
    long count = 0, size = 64;
    gid_t* gids = static_cast<gid_t*>(malloc(static_cast<size_t>(size) * sizeof(gid_t)));
    if (gids == nullptr) return *number = ENOMEM, NSS_STATUS_TRYAGAIN;
    const nss_status status = list(user.c_str(), gid, &count, &size, &gids, kMaxGroups, number);
    free(gids);
    return status;
  });
}

}  // namespace pamhook
