import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LONGEST_TEMPLATE } from '#src/config/kubeconfig-template.js';
import { ConfigurationError } from '#src/errors.js';
import { fitsInFrame } from '#src/privsep/channel.js';
import { MAX_TEMPLATE_PIECES, toFront } from '#src/privsep/protocol.js';
import { createTemplateReader, readTemplate, templateFrames } from '#src/privsep/template-file.js';
import { scratchDirectory } from '../harness/scratch.js';

const TEMPLATE = 'clusters: [{name: a, cluster: {server: "https://a"}}]\n';

describe('a template on its way to the front', () => {
  for (const [what, text] of Object.entries({
    'one piece': TEMPLATE,
    'as large as it may be': 'x'.repeat(LONGEST_TEMPLATE),
    'of line ends': '\n'.repeat(LONGEST_TEMPLATE),
    'of quotes and backslashes': '"\\'.repeat(LONGEST_TEMPLATE / 2),
    'of characters of three bytes': '€'.repeat(Math.floor(LONGEST_TEMPLATE / 3)),
    'of characters in two halves': `x${'😀'.repeat(Math.floor(LONGEST_TEMPLATE / 4) - 1)}`,
  })) {
    it(`${what} fits into frames, and comes out whole`, () => {
      const frames = templateFrames(text);
      const read = createTemplateReader();
      const came = frames.map((frame) => {
        assert.ok(fitsInFrame(frame));
        const parsed = toFront(JSON.parse(JSON.stringify(frame)), 'frame');
        assert.ok(parsed.kind === 'kubecfg-template');
        return read(parsed);
      });
      assert.ok(frames.length <= MAX_TEMPLATE_PIECES);
      assert.equal(came.at(-1), text);
      assert.deepEqual(new Set(came.slice(0, -1)), new Set(frames.length > 1 ? [undefined] : []));
    });
  }

  it('begins anew with its first piece', () => {
    const read = createTemplateReader();
    const [first, second] = templateFrames('a'.repeat(20_000));
    assert.ok(first && second);
    assert.equal(read(first), undefined);
    assert.equal(read({ kind: 'kubecfg-template', piece: 1, of: 1, text: 'b' }), 'b');
  });
});

describe('a template file', () => {
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };

  it('is read with warnings of what is risky, and of what will not work', (t) => {
    const path = join(scratchDirectory(t), 'template');
    writeFileSync(path, TEMPLATE);
    chmodSync(path, 0o664);
    assert.equal(readTemplate(path, undefined, log), TEMPLATE);
    assert.match(warnings.join('\n'), /others than its owner can change[\s\S]*without public-url/);
    warnings.length = 0;
    chmodSync(path, 0o644);
    readTemplate(path, 'https://p', log);
    assert.deepEqual(warnings, []);
  });

  it('that is none, or cannot be read, is a fault with its cure', (t) => {
    const dir = scratchDirectory(t);
    writeFileSync(join(dir, 'latin1'), Buffer.from('caf\xe9', 'latin1'));
    for (const [name, says] of [
      ['nothing', /cannot be read \(ENOENT\)/],
      ['', /cannot be read \(EISDIR\)/],
      ['latin1', /is not UTF-8/],
    ] as const) {
      const isTold = (error: unknown) =>
        error instanceof ConfigurationError && says.test(error.message) && error.cure !== undefined;
      assert.throws(() => readTemplate(join(dir, name), undefined, log), isTold);
    }
  });
});
