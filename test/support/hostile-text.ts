/** Names that a serving system could send and that something between it and a column might take for more than a name. */
export const HOSTILE_NAMES: readonly string[] = ["__proto__", "constructor", "toString", "a'b", 'a"b', "a\\b", "a\\'b", "a\nb", "a\tb", "a\0b", "a`b", "", " ", "😀", "é", "\u2028", "{a:String}", "a,b", "a:b", "[]", "NULL", "\\N", "-- a", "/*"];

const BREAKS = ["", "'", "\\'", "\\\\'", "''", '"', "`", "\n", "\0'", "\\", "')", "\\')", "%27", "\u2019", "\r\n", "\t"];
const DEEDS = [
  "; DROP TABLE labels; --",
  " OR 1=1 --",
  " UNION ALL SELECT name FROM system.tables --",
  "; SET readonly = 0; --",
  "; INSERT INTO labels (model, id) VALUES ('bystander', 'b'); --",
  " SETTINGS max_threads = 7 --",
  " FORMAT Null",
  " INTO OUTFILE '/tmp/driftwatch-hostile'",
  "} {other:String}",
  "/* */",
  "\nINSERT INTO labels FORMAT JSONEachRow\n{}",
  "']",
  "&param_value=x&readonly=0",
  "&query=DROP+TABLE+labels",
  "\u0000DROP",
  "\\N",
  "{{value}}",
  "$$ $x$ #{1} ${1}",
];

/** Texts that try to leave their literal: every way out before every deed. */
export const HOSTILE_PARAMETERS: readonly string[] = [...BREAKS.flatMap((way) => DEEDS.map((deed) => `${way}${deed}`)), ...HOSTILE_NAMES, "[", "]", "['a']", "(1)", "{'a':1}", "NaN", "-0", "1e400", "null", "x".repeat(10_000)];
