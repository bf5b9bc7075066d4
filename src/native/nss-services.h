// What getpwnam_r(3), getgrgid_r(3) and getgrouplist(3) keep to themselves: that a service of nsswitch.conf could not
// be asked. Called on the pool's threads.
#ifndef PAMHOOK_NSS_SERVICES_H_
#define PAMHOOK_NSS_SERVICES_H_

#include <sys/types.h>

#include <string>

namespace pamhook {

constexpr const char* kNsswitch = "/etc/nsswitch.conf";

// Each asks every service of its line in nsswitch.conf(5) that glibc is sure to have asked. 0: each of them could
// answer, whatever its answer was; else the errno of the first that could not.
int FaultInUser(const std::string& name, const char* configuration = kNsswitch);
int FaultInGroup(const std::string& name, const char* configuration = kNsswitch);
int FaultInGroup(gid_t gid, const char* configuration = kNsswitch);
int FaultInGroupList(const std::string& user, gid_t gid, const char* configuration = kNsswitch);

}  // namespace pamhook

#endif  // PAMHOOK_NSS_SERVICES_H_
