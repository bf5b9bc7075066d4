{
  "variables": { "address_sanitizer%": 0 },
  "targets": [
    {
      "target_name": "pamhook",
      "sources": [
        "src/native/addon.cc",
        "src/native/conversation.cc",
        "src/native/kept-modules.cc",
        "src/native/listener.cc",
        "src/native/lookup.cc",
        "src/native/lookup-pool.cc",
        "src/native/nss.cc",
        "src/native/nss-services.cc",
        "src/native/no-new-privileges.cc",
        "src/native/notice.cc",
        "src/native/pam.cc",
        "src/native/privileges.cc",
        "src/native/process.cc",
        "src/native/secret-memory.cc",
        "src/native/sockets.cc",
        "src/native/transaction.cc"
      ],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all"],
      "defines": ["NAPI_VERSION=8", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags": [
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fstack-protector-strong",
        "-fvisibility=hidden",
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2"
      ],
      "cflags!": ["-Wno-unused-parameter"],
      "cflags_cc": ["-std=c++17"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=gnu++2a", "-fno-rtti"],
      "libraries": ["-lpam"],
      "ldflags": [
        "-Wl,-z,relro,-z,now",
        "-Wl,-z,noexecstack",
        "-Wl,-z,nodelete"
      ],
      "conditions": [
        ["address_sanitizer==1", {
          "cflags": ["-fsanitize=address", "-fno-omit-frame-pointer", "-O1", "-g"],
          "cflags!": ["-O3", "-D_FORTIFY_SOURCE=2"],
          "ldflags": ["-fsanitize=address"]
        }]
      ]
    }
  ]
}
