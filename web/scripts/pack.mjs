// SPDX-License-Identifier: Apache-2.0
// node scripts/pack.mjs DIR: compresses DIR/dist and writes DIR/assets.cc, a table of all files for src/web/page.h.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const out = process.argv[2];
const dist = join(out, 'dist');
const packed = join(out, 'packed');
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed);

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();

let blobs = '';
let table = '';
files.forEach((file, i) => {
  const type = types[extname(file)];
  if (!type) throw new Error(`${file}: pack.mjs knows no content type for it`);
  const plain = readFileSync(file);
  const forms = {
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    brotli: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
  };
  const parts = [];
  for (const [form, bytes] of Object.entries(forms)) {
    if (form !== 'plain' && bytes.length > plain.length * 0.9) {
      parts.push(`.${form} = {}`);
      continue;
    }
    const name = `tresor_web_${i}_${form}`;
    const path = join(packed, `${i}.${form}`);
    writeFileSync(path, bytes);
    blobs += `asm(".section .rodata\\n.global ${name}\\n${name}:\\n.incbin \\"${path}\\"\\n.byte 0\\n.previous\\n");\n`;
    blobs += `extern "C" const char ${name}[];\n`;
    parts.push(`.${form} = {${name}, ${bytes.length}}`);
  }
  // The hash also makes the compiler look again when only the bytes have changed.
  const etag = createHash('sha256').update(plain).digest('hex').slice(0, 16);
  table += `    {.path = "/${relative(dist, file)}", .content_type = "${type}", .etag = "\\"${etag}\\"", ${parts.join(', ')}},\n`;
});

writeFileSync(
  join(out, 'assets.cc'),
  `// Made by web/scripts/pack.mjs. Do not edit.
#include "web/page.h"

#include <array>

${blobs}
namespace tresor::web {
std::span<const Asset> BuiltInAssets() {
  static const std::array<Asset, ${files.length}> kAssets{{
${table}  }};
  return kAssets;
}
}  // namespace tresor::web
`,
);
