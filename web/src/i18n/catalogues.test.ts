// SPDX-License-Identifier: Apache-2.0
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseLanguage } from '.';
import { de } from './de';
import { en } from './en';

function flatten(words: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') flat.set(prefix + key, value);
    else flatten(value as object, `${prefix}${key}.`).forEach((text, name) => flat.set(name, text));
  }
  return flat;
}
const english = flatten(en);
const german = flatten(de);
const variables = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

describe('catalogues', () => {
  it('have the same keys', () => expect([...german.keys()].sort()).toEqual([...english.keys()].sort()));

  it('put the same values into their words', () => {
    for (const [key, text] of english) expect(variables(german.get(key)!), key).toEqual(variables(text));
  });

  it('leave nothing empty or untranslated', () => {
    // Words that are the same in both tongues.
    const same = new Set(['Name', 'Cluster', 'Backups', 'Backup', 'Admin', 'Version', 'Revision', 'Server', 'Live', 'Repositories', 'Normal', 'Leader', 'Navigation', '{{name}}', 'Alarm: {{alarms}}', 'Restore', 'Status', 'Backup {{backup}}', 'Backup {{backup}}: {{why}}', '{{why}}', 'Minute']);
    for (const [key, text] of german) {
      expect(text.trim(), key).not.toBe('');
      if (text === english.get(key)) expect(same.has(text) || /^[^a-z]*$/i.test(text), `${key}: ${text}`).toBe(true);
    }
  });

  it('write German with its own letters', () => {
    for (const [key, text] of german) expect(/\b(fuer|ueber|koennen|muessen|loeschen|waehlen|pruef|Groesse|zurueck)/i.test(text), key).toBe(false);
  });

  it('have a word for every key that the code uses, and no others', () => {
    const sources: string[] = [];
    const walk = (folder: string) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else if (/\.tsx?$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) && !path.includes('i18n')) sources.push(readFileSync(path, 'utf8'));
      }
    };
    walk(new URL('..', import.meta.url).pathname);
    const code = sources.join('\n');
    const isUsed = (key: string) => {
      const base = key.replace(/_(one|other)$/, '');
      if (code.includes(`'${base}'`)) return true;
      // `clusterPhase.${phase}`, `config.presets.${one}.name`
      return [...code.matchAll(/`([a-zA-Z.]+)\.\$\{[^`]*\}((?:\.[a-z]+)?)`/g)].some((match) => base.startsWith(`${match[1]}.`) && base.endsWith(match[2]!));
    };
    expect([...english.keys()].filter((key) => !isUsed(key))).toEqual([]);
  });
});

describe('chooseLanguage', () => {
  it('takes what was chosen, then what the browser likes, then English', () => {
    expect(chooseLanguage('de', ['en'])).toBe('de');
    expect(chooseLanguage(null, ['fr', 'de-AT', 'en'])).toBe('de');
    expect(chooseLanguage(null, ['en-GB', 'de'])).toBe('en');
    expect(chooseLanguage(null, ['fr'])).toBe('en');
    expect(chooseLanguage('xx', [])).toBe('en');
  });
});
