import { equal, is } from 'uvu/assert';
import { linesOf, sumOf } from '../../bench/scrape.ts';
import { suite } from '../helper.ts';

const METRICS = `# HELP a_total help
# TYPE a_total counter
a_total{target="x",le="+Inf"} 3
a_total{target="a_total"} 4.5
a_total_more 100
b 2e3
`;

suite('bench/scrape', ({ test }) => {
  test('reads the series of a name, with and without labels', () => {
    equal(linesOf(METRICS, 'a_total'), [
      { labels: 'target="x",le="+Inf"', value: 3 },
      { labels: 'target="a_total"', value: 4.5 },
    ]);
    equal(linesOf(METRICS, 'b'), [{ labels: '', value: 2000 }]);
  });

  test('adds them up, and gives 0 for a name that is not there', () => {
    is(sumOf(METRICS, 'a_total'), 7.5);
    is(sumOf(METRICS, 'c'), 0);
  });
});
