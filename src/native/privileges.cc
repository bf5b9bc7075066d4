// Giving up root, and the check that it is gone; runs in the front.
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "addon.h"

namespace {

std::vector<gid_t> ToGids(Napi::Value value) {
  Napi::Array array = pamhook::ToArray(value);
  std::vector<gid_t> gids;
  for (uint32_t i = 0; i < array.Length(); i++) gids.push_back(pamhook::ToUint32(array.Get(i)));
  return gids;
}

// The bounding set belongs to a thread and cannot be emptied in others: what they keep is of no use under
// no_new_privs. Without CAP_SETPCAP (some containers) it stays as it is, for the same reason.
void EmptyCapabilitySets() {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

// Groups first, the user last: each step needs what the last one gives away. glibc does it for all threads.
void DropPrivileges(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const uid_t uid = pamhook::ToUint32(info[0]);
  const gid_t gid = pamhook::ToUint32(info[1]);
  const std::vector<gid_t> groups = ToGids(info[2]);
  EmptyCapabilitySets();
  if (setgroups(groups.size(), groups.data()) != 0) throw pamhook::SystemError(env, errno, "setgroups");
  if (setresgid(gid, gid, gid) != 0) throw pamhook::SystemError(env, errno, "setresgid");
  if (setresuid(uid, uid, uid) != 0) throw pamhook::SystemError(env, errno, "setresuid");
}

using Status = std::map<std::string, std::string>;

// /proc/PID/task/TID/status, empty when it cannot be read.
Status ReadStatus(const std::string& file) {
  std::ifstream stream(file);
  Status status;
  std::string line;
  while (std::getline(stream, line)) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos) status[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return status;
}

bool HasRoot(const Status& status, const char* field) {
  const auto line = status.find(field);
  if (line == status.end()) return true;
  std::istringstream ids(line->second);
  for (std::string id; ids >> id;) {
    if (id == "0") return true;
  }
  return false;
}

bool HasCapability(const Status& status, const char* field) {
  const auto line = status.find(field);
  return line == status.end() || std::strtoull(line->second.c_str(), nullptr, 16) != 0;
}

// What cannot be read counts as privileged.
bool IsPrivileged(const Status& status) {
  for (const char* field : {"Uid", "Gid", "Groups"}) {
    if (HasRoot(status, field)) return true;
  }
  for (const char* field : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    if (HasCapability(status, field)) return true;
  }
  // A bounding set only bounds what execve could give, and under no_new_privs execve gives nothing.
  const auto none = status.find("NoNewPrivs");
  const bool sealed = none != status.end() && std::atoi(none->second.c_str()) == 1;
  return !sealed && HasCapability(status, "CapBnd");
}

bool IsAnyThreadPrivileged() {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(opendir("/proc/self/task"), closedir);
  if (!tasks) return true;
  size_t threads = 0;
  while (const dirent* task = readdir(tasks.get())) {
    if (task->d_name[0] == '.') continue;
    const Status status = ReadStatus(std::string("/proc/self/task/") + task->d_name + "/status");
    if (status.empty()) continue;  // the thread has just ended
    if (IsPrivileged(status)) return true;
    threads++;
  }
  return threads == 0;
}

Napi::Value CanRegainPrivileges(const Napi::CallbackInfo& info) {
  const bool regained = setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0 || setgroups(0, nullptr) == 0;
  return Napi::Boolean::New(info.Env(), regained || IsAnyThreadPrivileged());
}

}  // namespace

void pamhook::RegisterPrivileges(Napi::Env env, Napi::Object exports) {
  Export<DropPrivileges>(env, exports, "dropPrivileges");
  Export<CanRegainPrivileges>(env, exports, "canRegainPrivileges");
}
