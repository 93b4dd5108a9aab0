/** Rows in columns, for terminals. */
import { columnsOf, pad } from "./text.ts";

/** One column. */
export interface Column {
  readonly title: string;
  /** @defaultValue `"left"` */
  readonly align?: "left" | "right";
}

const GAP = "  ";

/** The rows as lines of equal columns; the title line first. Cells may be styled. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, index) =>
    Math.max(columnsOf(column.title), ...rows.map((row) => columnsOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => pad(cells[index] ?? "", widths[index] ?? 0, column.align))
      .join(GAP)
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}
