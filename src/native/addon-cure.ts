/** What to do where the addon cannot be loaded: in the error of every process and command that needs it. */

/** `reason`: what loading said, on one line. `root`: where pamhook is installed. */
export function addonCure(reason: string, root: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'linux') return 'It needs Linux with glibc and libpam: run this command there.';
  if (/\blibpam\.so/.test(reason)) return 'Install libpam (Debian: libpam0g; Fedora: pam-libs).';
  return (
    'Install what compiles it (a C++ compiler, make, python3 and the headers of PAM; Debian: g++ make python3 libpam0g-dev), ' +
    `then \`npm --prefix ${root} run build:addon\`; it needs Linux with glibc.`
  );
}
