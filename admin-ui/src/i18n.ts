import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';

/** Languages that are complete; src/locales/locales.test.ts says whether they are. */
export const languages = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof languages;

const remembered = 'stoa.language';

// One file a feature, fetched when the feature is.
const files = import.meta.glob<{ default: Record<string, unknown> }>('./locales/*/*.json');

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[`./locales/${language}/${namespace}.json`];
    if (!load) {
      done(new Error(`no words for ${language}/${namespace}`), null);
      return;
    }
    load().then(
      (words) => done(null, words.default),
      (error: Error) => done(error, null),
    );
  },
};

/** What somebody chose here before, else what the browser prefers, else English. */
export function preferred(chosen: string | null, wanted: readonly string[]): Language {
  for (const tag of [chosen ?? '', ...wanted]) {
    const language = tag.toLowerCase().split('-')[0] ?? '';
    if (language in languages) return language as Language;
  }
  return 'en';
}

export async function startLanguage(): Promise<void> {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferred(localStorage.getItem(remembered), navigator.languages),
      fallbackLng: false,
      ns: ['shell', 'shared'],
      defaultNS: 'shared',
      interpolation: { escapeValue: false },
      react: { useSuspense: true },
    });
  document.documentElement.lang = i18next.language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(remembered, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
