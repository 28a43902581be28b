import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { parseMetrics, scrape, sumBy, sumOf } from './scrape.ts';

// After the example of the Prometheus documentation, "Text-based format".
const text = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

something_weird{problem="division by zero"} -3982045
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 5.3423e+04
job:rate:5m{} 0

`;

test('samples are read with their labels, timestamps or not; comments and other lines are passed over', () => {
  assert.deepEqual(parseMetrics(text), [
    { name: 'http_requests_total', labels: { method: 'post', code: '200' }, value: 1027 },
    { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3 },
    { name: 'metric_without_timestamp_and_labels', labels: {}, value: 12.47 },
    { name: 'something_weird', labels: { problem: 'division by zero' }, value: -3982045 },
    { name: 'http_request_duration_seconds_bucket', labels: { le: '+Inf' }, value: 144320 },
    { name: 'http_request_duration_seconds_sum', labels: {}, value: 53423 },
    { name: 'job:rate:5m', labels: {}, value: 0 },
  ]);
  assert.deepEqual(parseMetrics(''), []);
});

test('a label may hold what ends values, labels and lines elsewhere', () => {
  const [sample, ...rest] = parseMetrics(String.raw`seen{file="a\"b",interface="x} 7",path="C:\\",last="a,b=\"c\""} 5`);
  assert.equal(rest.length, 0);
  assert.equal(sample?.value, 5);
  assert.deepEqual(Object.keys(sample?.labels ?? {}), ['file', 'interface', 'path', 'last']);
  assert.equal(sample?.labels.interface, 'x} 7');
});

const samples = [
  { name: 'lost', labels: { interface: 'eth0', cause: 'ring_full' }, value: 1 },
  { name: 'lost', labels: { interface: 'eth1', cause: 'ring_full' }, value: 20 },
  { name: 'lost', labels: { interface: 'eth0', cause: 'copy_failed' }, value: 300 },
  { name: 'lost', labels: {}, value: 4000 },
  { name: 'lost_elsewhere', labels: { cause: 'ring_full' }, value: 50_000 },
];

test('sums go over all labels, or over those that fit', () => {
  assert.equal(sumOf(samples, 'lost'), 4321);
  assert.equal(sumOf(samples, 'lost', { cause: 'ring_full' }), 21);
  assert.equal(sumOf(samples, 'lost', { cause: 'ring_full', interface: 'eth1' }), 20);
  assert.equal(sumOf(samples, 'missing'), 0);
});

test('sums by a label leave out what does not have it', () => {
  assert.deepEqual(sumBy(samples, 'lost', 'cause'), { ring_full: 21, copy_failed: 300 });
  assert.deepEqual(sumBy(samples, 'missing', 'cause'), {});
});

test('a service is asked over HTTP; one that does not answer has no samples', async () => {
  const server = createServer((request, response) => response.end(request.url === '/metrics' ? 'up 1\n' : ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  assert.deepEqual(await scrape(url), [{ name: 'up', labels: {}, value: 1 }]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(await scrape(url), []);
});
