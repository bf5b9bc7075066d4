// A few threads for lookups, apart from libuv's: a hung directory can neither starve files and DNS nor hold up the
// exit. A thread that hangs in C cannot be ended: others take its place, up to a bound.
#ifndef PAMHOOK_LOOKUP_POOL_H_
#define PAMHOOK_LOOKUP_POOL_H_

#include <napi.h>

#include <functional>

namespace pamhook {

// Runs on the JavaScript thread: makes the promise's value, or throws Napi::Error to reject it.
using Settle = std::function<Napi::Value(Napi::Env)>;
// Runs on a thread of the pool, where nothing of JavaScript may be touched.
using Work = std::function<Settle()>;

// A promise for what `work` answers. Rejects with EAGAIN when too many wait already.
Napi::Value Enqueue(Napi::Env env, Work work);

}  // namespace pamhook

#endif  // PAMHOOK_LOOKUP_POOL_H_
