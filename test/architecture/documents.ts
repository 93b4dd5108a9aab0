/** What the documents say against what is: error sections, reasons for dependencies, the law's table, links. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Breach, Row } from "./import-law.ts";

/** Differences between the codes in the source and the `## RF_…` sections of `docs/errors.md`, either way. */
export function errorSectionBreaches(codes: readonly string[], document: string): Breach[] {
  const sections = [...document.matchAll(/^## (RF_[A-Z_]+)$/gm)].map((match) => match[1] ?? "");
  return [
    ...codes.filter((code) => !sections.includes(code)).map((code) => `${code} has no section`),
    ...sections.filter((section) => !codes.includes(section)).map((section) => `${section} is no code`),
    ...sections
      .filter((section, index) => sections.indexOf(section) !== index)
      .map((section) => `${section} has two sections`),
  ];
}

/** Dependencies without a line of reason (`| \`name\` | why |`), and lines for what is no dependency. */
export function dependencyReasonBreaches(names: readonly string[], document: string): Breach[] {
  const reasons = new Map(tableRows(document).map(([name, reason]) => [unquote(name), reason ?? ""]));
  return [
    ...names.filter((name) => (reasons.get(name) ?? "").length < 20).map((name) => `${name} has no line of reason`),
    ...[...reasons.keys()].filter((name) => !names.includes(name)).map((name) => `${name} is no dependency`),
  ];
}

/** Differences between the import law and its table in the document. */
export function lawTableBreaches(law: readonly Row[], document: string): Breach[] {
  const wanted = law.map((row) =>
    [
      row.room,
      [...row.may, ...(row.except ?? []).map((room) => `not ${room}`)].join(", "),
      row.packages.join(", "),
      row.node.join(", "),
    ].join(" | "),
  );
  const shown = tableRows(document)
    .filter((cells) => cells.length === 4)
    .map((cells) => cells.map(unquote).join(" | "));
  return [
    ...wanted.filter((row) => !shown.includes(row)).map((row) => `not in the document: ${row}`),
    ...shown.filter((row) => !wanted.includes(row)).map((row) => `not in the law: ${row}`),
  ];
}

/** Links to files or headings that are not there. */
export function brokenLinks(root: string, paths: readonly string[]): Breach[] {
  return paths.flatMap((path) => {
    const text = withoutCode(readFileSync(path, "utf8"));
    return [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap((match) => {
      const [file = "", anchor] = (match[1] ?? "").split("#");
      if (/^[a-z]+:/.test(match[1] ?? "")) return [];
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(target)) return [`${relative(root, path)}: no file ${match[1]}`];
      if (anchor === undefined || headings(readFileSync(target, "utf8")).has(anchor)) return [];
      return [`${relative(root, path)}: no heading ${match[1]}`];
    });
  });
}

/** Mentions of `docs/….md` in comments and messages of the source that lead nowhere. */
export function brokenMentions(root: string, path: string, text: string): Breach[] {
  return [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)]
    .filter((match) => !existsSync(join(root, match[0])))
    .map((match) => `${path}: no file ${match[0]}`);
}

/** The Markdown files of the repository. */
export function markdownFiles(root: string): string[] {
  const skipped = new Set(["node_modules", "dist", ".git", "coverage", ".cache", "architecture"]);
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path);
      return entry.name.endsWith(".md") ? [path] : [];
    });
  return walk(root);
}

/** Fenced blocks of one language. */
export function fencedBlocks(text: string, language: string): string[] {
  const blocks: string[] = [];
  let open: string[] | undefined;
  for (const line of text.split("\n")) {
    if (open === undefined && line.trim() === `\`\`\`${language}`) open = [];
    else if (open !== undefined && line.trim() === "```") {
      blocks.push(open.join("\n"));
      open = undefined;
    } else open?.push(line);
  }
  return blocks;
}

/** Cells of every table row but head and rule. */
function tableRows(document: string): string[][] {
  const lines = document.split("\n");
  return lines
    .filter((line, at) => line.startsWith("|") && !isRule(line) && !isRule(lines[at + 1] ?? ""))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split("|")
        .map((cell) => cell.trim()),
    );
}

function isRule(line: string): boolean {
  return /^\|(\s*:?-+:?\s*\|)+$/.test(line.trim());
}

function unquote(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}

function withoutCode(text: string): string {
  return text.replaceAll(/```[\s\S]*?```/g, "").replaceAll(/`[^`\n]*`/g, "");
}

function headings(text: string): Set<string> {
  const slugs = text
    .split("\n")
    .filter((line) => /^#{1,6} /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    );
  return new Set(slugs);
}
