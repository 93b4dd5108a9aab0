/** All checks of one configuration, part by part. */
import type { Config, SinkConfig, SourceConfig } from "../../config/config.ts";
import { type Finding, type Tell, tellFor } from "./finding.ts";
import { type ExamContext, examineGenesys } from "./genesys.ts";
import { examineNdjson, examineStore, examineWebhook } from "./local.ts";
import { examinePlatformWebsocket } from "./platform-websocket.ts";

/** What {@link examine} takes besides the configuration. */
export interface Examination extends ExamContext {
  /** Relative paths are from here. */
  readonly cwd: string;
  /** Given each finding when it is made. */
  readonly take: (finding: Finding) => void;
}

/** Runs them; answers how many HTTP requests were made. */
export async function examine(config: Config, examination: Examination): Promise<number> {
  let requests = 0;
  for (const source of config.sources) {
    requests += await examineSource(source, examination, tellFor(`source ${source.name}`, examination.take));
  }
  for (const sink of config.sinks) examineSink(sink, examination, tellFor(`sink ${sink.name}`, examination.take));
  examineStore(config, examination.cwd, tellFor("store", examination.take));
  return requests;
}

async function examineSource(source: SourceConfig, examination: Examination, tell: Tell): Promise<number> {
  switch (source.type) {
    case "genesys":
      return examineGenesys(source, examination, tell);
    case "platform-websocket":
      return examinePlatformWebsocket(source, examination, tell);
    case "http":
      tell("intake", "ok", "programs send their events to POST /api/events while serve runs");
      return 0;
  }
}

function examineSink(sink: SinkConfig, examination: Examination, tell: Tell): void {
  if (sink.type === "webhook") examineWebhook(sink, examination, tell);
  else examineNdjson(sink, examination.cwd, tell);
}
