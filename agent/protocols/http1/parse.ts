/** What a head parser answers when it is not the index after the head. */

/** The bytes end before the head does; the parser's fields hold what is known so far. */
export const CUT_OFF = -1
/** The start line is not one of HTTP/1.x. */
export const INVALID = -2
