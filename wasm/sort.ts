// Shell's sort with Ciura's gaps: in place, no recursion, and quick for the thirty samples that a
// round usually has.

export function sortSamples(address: u32, n: u32): void {
  let gap: u32 = n > 301 ? 301 : n > 132 ? 132 : n > 57 ? 57 : n > 23 ? 23 : n > 10 ? 10 : 4;
  for (;;) {
    sortGap(address, n, gap);
    if (gap == 1) return;
    gap = gap == 301 ? 132 : gap == 132 ? 57 : gap == 57 ? 23 : gap == 23 ? 10 : gap == 10 ? 4 : 1;
  }
}

function sortGap(address: u32, n: u32, gap: u32): void {
  for (let i = gap; i < n; i++) {
    const value = load<f64>(address + i * 8);
    let j = i;
    while (j >= gap && load<f64>(address + (j - gap) * 8) > value) {
      store<f64>(address + j * 8, load<f64>(address + (j - gap) * 8));
      j -= gap;
    }
    store<f64>(address + j * 8, value);
  }
}
