import type { Child } from "hono/jsx";
import type { HtmlEscapedString } from "hono/utils/html";

/** What a part or page draws: markup whose values are escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;
/** What may stand between tags. */
export type Children = Child;
/** What a part draws that first asks somebody. */
export type LaterHtml = Promise<HtmlEscapedString>;
