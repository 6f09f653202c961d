// SPDX-License-Identifier: Apache-2.0
// Writes src/api/generated.ts: a TypeScript interface for each kind of deploy/crds/*.yaml.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = new URL('../..', import.meta.url).pathname;
const output = new URL('../src/api/generated.ts', import.meta.url).pathname;

const comment = (text, indent) =>
  text ? `${indent}/** ${text.trim().replace(/\s+/g, ' ').replaceAll('*/', '* /')} */\n` : '';

function typeOf(schema, indent, givenAlways) {
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array': {
      const item = typeOf(schema.items, indent, givenAlways);
      return item.includes('|') ? `(${item})[]` : `${item}[]`;
    }
    case 'object': {
      if (!schema.properties) return 'Record<string, unknown>';
      const required = new Set(schema.required ?? []);
      const inner = `${indent}  `;
      const fields = Object.entries(schema.properties).map(([name, property]) => {
        // What has a default is there in everything that the server sends.
        const sure = required.has(name) || (givenAlways && property.default !== undefined);
        return `${comment(property.description, inner)}${inner}${name}${sure ? '' : '?'}: ${typeOf(property, inner, givenAlways)};\n`;
      });
      return `{\n${fields.join('')}${indent}}`;
    }
    default:
      throw new Error(`a schema of type ${schema.type}`);
  }
}

let text = `// Made by web/scripts/generate-types.mjs from deploy/crds. Do not edit.
import type { ObjectMeta } from './meta';

`;
const kinds = [];
for (const file of readdirSync(join(root, 'deploy/crds')).sort()) {
  const crd = parse(readFileSync(join(root, 'deploy/crds', file), 'utf8'));
  const { names, group, versions } = crd.spec;
  const { name: version, schema } = versions[0];
  const { spec, status } = schema.openAPIV3Schema.properties;
  text += comment(schema.openAPIV3Schema.description, '');
  text += `export interface ${names.kind} {\n  apiVersion: '${group}/${version}';\n  kind: '${names.kind}';\n  metadata: ObjectMeta;\n`;
  text += `${comment(spec.description, '  ')}  spec: ${names.kind}Spec;\n${comment(status.description, '  ')}  status?: ${names.kind}Status;\n}\n`;
  text += `export interface ${names.kind}Spec ${typeOf(spec, '', true)}\n`;
  text += `export interface ${names.kind}Status ${typeOf(status, '', false)}\n\n`;
  kinds.push(`  ${names.plural}: ${names.kind};`);
}
text += `/** By plural name, all in group tresor.dev. */\nexport interface TresorKinds {\n${kinds.join('\n')}\n}\n`;
if (!existsSync(output) || readFileSync(output, 'utf8') !== text) writeFileSync(output, text);
