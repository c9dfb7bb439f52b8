import type { AuditEvent } from '#audit/event.ts';
import type { News } from '#sinks/news.ts';
import type { Events } from '../events.ts';

/** Characters of a sink's words in a record; it says them, and not we. */
const longestError = 500;

/** The record of a piece of news (contract audit §6.2, §6.3 `export`). */
export function recordOf(events: Events, news: Exclude<News, { kind: 'standing' }>): AuditEvent {
  const { sink, from } = news;
  switch (news.kind) {
    case 'started':
      return events.of('export.started', { export: { sink, fromSeq: from } });
    case 'gap': {
      const message = `sink ${sink} lacks ${news.to - from} records; the oldest is ${news.lagMs} ms old`;
      return events.of('export.gap', {
        outcome: 'failed',
        reason: 'export.behind',
        message,
        export: { ...span(news), lagMs: news.lagMs, ...errorOf(news) },
      });
    }
    case 'refused': {
      const message = `sink ${sink} will never have ${news.count} records: ${news.error.slice(0, longestError)}`;
      return events.of('export.gap', {
        outcome: 'failed',
        reason: 'export.refused',
        message,
        export: { ...span(news), count: news.count, ...errorOf(news) },
      });
    }
    case 'caught-up':
      return events.of('export.caught-up', { export: { ...span(news), lagMs: news.lagMs } });
  }
}

/** Entries [from, to), both ends named as entries. */
const span = ({ sink, from, to }: { sink: string; from: number; to: number }) => ({
  sink,
  fromSeq: from,
  toSeq: Math.max(from, to - 1),
  count: Math.max(0, to - from),
});

const errorOf = ({ error }: { error?: string }) => (error === undefined ? {} : { error: error.slice(0, longestError) });
