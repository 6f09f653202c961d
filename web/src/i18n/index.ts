// SPDX-License-Identifier: Apache-2.0
// English and German. The browser's language is taken until somebody chooses; the choice is kept.
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { en } from './en';

export type Language = 'en' | 'de';
export const languages: Language[] = ['en', 'de'];
const storageKey = 'tresor-language';

/** The same keys, with other words. */
export type Catalogue = Words<typeof en>;
type Words<T> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

export function chooseLanguage(kept: string | null, wanted: readonly string[]): Language {
  if (kept === 'en' || kept === 'de') return kept;
  for (const language of wanted) {
    if (language.toLowerCase().startsWith('de')) return 'de';
    if (language.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return;
  const words: Catalogue = language === 'de' ? (await import('./de')).de : (await import('./en')).en;
  i18next.addResourceBundle(language, 'translation', words);
}

export async function startLanguages(): Promise<void> {
  const language = chooseLanguage(localStorage.getItem(storageKey), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false }, // React does
    react: { useSuspense: false },
    showSupportNotice: false, // an advertisement in the browser's console
  });
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  await load(language);
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}
