// Reads what traceroute prints with -n: a line for each TTL, on it an address before the first time
// of each run of answers from one router.

export const SILENT = '*';

/** By TTL - 1 (from the first that was asked for) the router of each probe, or '*'. */
export function parseTraceroute(text: string): string[][] {
  const lines = text.split('\n').filter((line) => /^\s*\d+\s/.test(line));
  return lines.map((line) => {
    const answers: string[] = [];
    let from = SILENT;
    for (const word of line.trim().split(/\s+/).slice(1)) {
      if (word === SILENT) answers.push(SILENT);
      else if (/^[\da-f]*[.:][\da-f.:]*[.:][\da-f.:]*$/.test(word)) from = word;
      else if (/^\d+\.\d+$/.test(word)) answers.push(from);
    }
    return answers;
  });
}
