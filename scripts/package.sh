#!/bin/bash
# Makes the npm package build/package/pamhook-VERSION.tgz from what is in the tree, with the addon compiled for this machine's architecture and for
# those named as arguments, of which arm64 is possible. Called by `make package`.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/node_modules/.bin
stage=$PWD/build/package/stage

# From nothing: what an earlier build left in dist/ is not to go out.
rm -rf build/package
mkdir -p "$stage/src/native" "$stage/docs/images"
cp -p package.json package-lock.json binding.gyp README.md LICENSE "$stage"
cp -p src/native/*.{cc,h} "$stage/src/native"
cp -p docs/*.md "$stage/docs"
cp -p docs/images/*.png "$stage/docs/images"
cp -rp deploy pam.d-examples "$stage"
scripts/bundle.sh "$stage/dist"

# As make does it: the headers of the running Node where its installation has them.
prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
[ ! -e "$prefix/include/node/node_api.h" ] || export npm_config_nodedir=$prefix
# A copy, which gyp needs inside; npm packs no node_modules.
mkdir "$stage/node_modules"
cp -r node_modules/node-addon-api "$stage/node_modules"
# g++'s library goes in and stays hidden there: that of an older system may lack what this one's has.
export LDFLAGS='-static-libstdc++ -Wl,--exclude-libs,ALL -Wl,--gc-sections' PREBUILD_NODE_GYP=$bin/node-gyp
# prebuildify begins with node-gyp's `rebuild`, which deletes build/: that of the stage.
prebuild() {
  echo "Compiling the addon for $1" >&2
  (cd "$stage" && "$bin/prebuildify" --napi --strip --tag-libc --arch "$1" --target "$(node -p process.version)" >"$stage.log" 2>&1) ||
    { cat "$stage.log" >&2; exit 1; }
  rm -rf "$stage/build" "$stage.log"
}
here=$(node -p process.arch)
prebuild "$here"
for arch in "$@"; do
  [ "$arch" != "$here" ] || continue
  [ "$arch" = arm64 ] || { echo "$0: the addon cannot be compiled for $arch from here, only for arm64" >&2; exit 2; }
  libpam=$PWD/build/arm64
  scripts/arm64-libpam.sh "$libpam"
  cross=aarch64-linux-gnu
  CC=$cross-gcc CXX=$cross-g++ AR=$cross-ar PREBUILD_STRIP_BIN=$cross-strip CXXFLAGS="-isystem $libpam/usr/include" \
    LDFLAGS="$LDFLAGS -L$libpam/usr/lib" prebuild arm64
done
rm -rf "$stage/node_modules"
# npm takes these for settings of its own.
unset npm_config_nodedir LDFLAGS PREBUILD_NODE_GYP

# What is only for those who work on pamhook goes; the versions that were tested are those that are installed.
cd "$stage"
npm pkg delete devDependencies imports scripts.build scripts.test
npm install --package-lock-only --ignore-scripts --offline --no-audit --no-fund --loglevel=error >/dev/null
mv package-lock.json npm-shrinkwrap.json
npm pack --ignore-scripts --loglevel=error --pack-destination ..
