// One sample as a remote write, made by hand: what a probe sends that does not keep to the rules.

/** WriteRequest { timeseries { labels { name, value }, samples { value, time } } }, in snappy. */
export function remoteWrite(labels: Readonly<Record<string, string>>, value: number): Buffer {
  const pairs = Object.entries(labels).map(([name, text]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(text))])),
  );
  const number = Buffer.alloc(9);
  number[0] = (1 << 3) | 1;
  number.writeDoubleLE(value, 1);
  const time = Buffer.concat([Buffer.from([2 << 3]), varint(Date.now())]);
  const series = Buffer.concat([...pairs, field(2, Buffer.concat([number, time]))]);
  return snappy(field(1, series));
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
}

// One literal (format_description.txt of snappy, 2.1); shorter than 256 bytes.
function snappy(content: Buffer): Buffer {
  if (content.length > 256) throw new Error('too long for one short literal');
  return Buffer.concat([
    varint(content.length),
    Buffer.from([60 << 2, content.length - 1]),
    content,
  ]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
