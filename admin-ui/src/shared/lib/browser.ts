const browsers: [RegExp, string][] = [
  // The others name Chrome or Safari too, so they come first.
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Headless)?(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const systems: [RegExp, string][] = [
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** A browser as people know it, `Firefox, macOS`, from its User-Agent; what is no browser stays as it is. */
export function browserName(userAgent: string): string {
  const name = browsers.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (!name) return userAgent;
  const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1];
  return system ? `${name}, ${system}` : name;
}
