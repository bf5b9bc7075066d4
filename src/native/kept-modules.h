// Keeps the modules of a PAM service loaded from one login to the next. Runs in the PAM worker, on the one thread that
// runs transactions; knows no JavaScript.
#ifndef PAMHOOK_KEPT_MODULES_H_
#define PAMHOOK_KEPT_MODULES_H_

#include "transaction.h"

namespace pamhook {

// To be called before each login.
void KeepModules(const Request& request);

}  // namespace pamhook

#endif  // PAMHOOK_KEPT_MODULES_H_
