// Reads rules as text.

export function counterNames(text: string): { declared: Set<string>; used: Set<string> } {
  const names = (pattern: RegExp) =>
    new Set([...text.matchAll(pattern)].map((one) => one[1] ?? ''));
  return { declared: names(/^ {2}counter (\S+) \{/gm), used: names(/counter name (\S+)/g) };
}
