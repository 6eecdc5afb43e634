const { readFileSync } = process.getBuiltinModule('node:fs');

/** The version of package.json; both src/cli and dist/cli lie two levels below it. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
