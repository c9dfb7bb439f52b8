import type { News } from '#sinks/news.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { Grown } from './growth.ts';

/** What the thread of the exports is started with. */
export interface ExportData {
  readonly sinks: readonly SinkSettings[];
  readonly origin: string;
  /** Where cursors and dead letters lie. */
  readonly directory: string;
  /** Where the log is. */
  readonly log: LogPlace;
}

export type LogPlace = { readonly kind: 'sqlite'; readonly database: string } | PostgresPlace;

export interface PostgresPlace {
  readonly kind: 'postgres';
  readonly settings: PostgresSettings;
}

export type ToExports = Grown | { readonly kind: 'close' };

export type FromExports = { readonly kind: 'news'; readonly news: News } | { readonly kind: 'closed' };
