import { describe, expect, it } from 'vitest';
import { metricsOf } from '../../support/promql.ts';

describe('the metrics of a query', () => {
  it.each([
    ['sum by (topic) (rate(a_total{topic!~"__.*"}[5m]))', ['a_total']],
    ['histogram_quantile(0.95, sum by (le) (rate(a_seconds_bucket[$__rate_interval])))', ['a_seconds_bucket']],
    ['sum(a) > 1000 and sum(a) > sum(b offset 2m)', ['a', 'a', 'b']],
    ['abs(a - timestamp(a)) > 1 or absent(up{job=~"tocsin.*"})', ['a', 'a', 'up']],
    ['min_over_time(sum(a)[5m:15s]) > 20', ['a']],
    ['(sum(increase(a[24h])) or vector(0)) and on () count(up == 1)', ['a', 'up']],
  ])('%s', (expr, names) => {
    expect(metricsOf(expr)).toEqual(names);
  });
});
