import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findQuery, loadQueries, parametersOf, parseQuery } from './queries.ts';

test('a file is its question, its parameters and its SQL', () => {
  const file = '-- Who?\n-- param days = 7: how far back\nSELECT {days:UInt16}\n';
  assert.deepEqual(parseQuery('who', file), {
    name: 'who',
    about: 'Who?',
    parameters: [{ name: 'days', fallback: '7', meaning: 'how far back' }],
    text: 'SELECT {days:UInt16}',
  });
});

test('there are 25 questions at least, each says what it answers, and has a default for each placeholder', () => {
  const queries = loadQueries();
  assert.ok(queries.length >= 25, String(queries.length));
  for (const query of queries) {
    assert.match(query.about, /\?/, query.name);
    const values = parametersOf(query, []);
    for (const [, name = ''] of query.text.matchAll(/\{(\w+):/g)) assert.ok(name in values, `${query.name}: ${name}`);
  }
});

test('without parameters it is the hour before now; what is given wins', () => {
  const query = findQuery('new-destinations');
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.deepEqual(parametersOf(query, ['days=3', 'limit=5'], now), {
    from: '2026-01-02 02:04:05',
    to: '2026-01-02 03:04:05',
    limit: '5',
    days: '3',
  });
});

test('a query or a parameter that does not exist is refused by name', () => {
  assert.throws(() => findQuery('nothing'), { code: 'NO_SUCH_QUERY', message: /@nothing/ });
  for (const entry of ['nothing=1', 'days', '=1'])
    assert.throws(() => parametersOf(findQuery('new-destinations'), [entry]), { code: 'QUERY_PARAMETER' });
});
