// A question to a person whose connection may just have been cut: silence means no.

/** True when a line comes within the time; the end of the input is no answer. */
export function isConfirmed(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  timeoutMs: number,
): Promise<boolean> {
  const seconds = Math.round(timeoutMs / 1000);
  // Nobody may be left to read it.
  output.on('error', () => undefined);
  output.write(`the rules are loaded. Press Enter within ${seconds} s to keep them: `);
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(false), timeoutMs);
    function take(chunk: Buffer | string): void {
      if (chunk.toString().includes('\n')) end(true);
    }
    function end(isKept: boolean): void {
      clearTimeout(timer);
      input.removeListener('data', take);
      input.pause();
      resolve(isKept);
    }
    input.on('error', () => undefined);
    input.on('data', take);
  });
}
