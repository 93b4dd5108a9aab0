/** Topics as lines of text: a block for each on a terminal, a line of columns between tabs elsewhere. */
import { count, type Paint, printable } from "../text.ts";
import { wrap } from "../wrap.ts";
import type { CatalogueTopic } from "./catalogue.ts";
import { describeRequirements } from "./requirement.ts";

/** For people at a terminal of so many columns. */
export function topicLines(topics: readonly CatalogueTopic[], width: number, paint: Paint): string[] {
  return topics.flatMap((topic) => {
    const { id, description, preview } = topic;
    const needs = describeRequirements(topic.requirements);
    const name = `${paint("bold", printable(id))}${preview ? paint("yellow", " preview") : ""}`;
    const over = transportsOf(topic);
    return [
      name,
      ...wrap(printable(description === "" ? "without a description" : description), width, "    "),
      ...(needs === "" ? [] : wrap(printable(needs), width, `    ${paint("dim", "needs")} `)),
      ...(over === "" ? [] : wrap(printable(over), width, `    ${paint("dim", "over")}  `)),
    ];
  });
}

/** For programs that cut lines: topic, needs, transports, description, with tabs between them. */
export function topicColumns(topic: CatalogueTopic): string {
  const { id, description, requirements, transports } = topic;
  return [id, describeRequirements(requirements), transports.join(","), description]
    .map((cell) => printable(cell))
    .join("\t");
}

/** `249 topics` or `3 of 249 topics`. */
export function howMany(shown: number, all: number): string {
  return shown === all ? `${count(all)} topics` : `${count(shown)} of ${count(all)} topics`;
}

/** What goes without saying is not said. */
function transportsOf({ transports }: CatalogueTopic): string {
  const usual = transports.length === 0 || (transports.length === 1 && transports[0] === "All");
  return usual ? "" : transports.join(", ");
}
