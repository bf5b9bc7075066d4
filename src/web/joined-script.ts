/** Makes one script of the modules for the browser, which import nothing but each other; done once, when the front starts. */

const IMPORT = /^import\s[^;]*;\n?/gm;
const EXPORT = /^export (?:\{[^}]*\};\n?)?/gm;

/**
 * As a module script has it, every name is the script's own, and strict. The modules give their names to one scope: two of one name are a
 * syntax error, which the tests in a browser would meet. Those that others need while they are read come before them.
 */
export function joinModules(modules: readonly string[]): string {
  return modules.map((text) => text.replace(IMPORT, '').replace(EXPORT, '').trim()).join('\n');
}
