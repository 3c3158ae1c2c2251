/**
 * A grid as tables of a query, by subject and feature: its `bins`, and the bin (counted from 0) of each `edge` and of each `known` text. A number
 * is in the bin of the smallest edge not below it; a text that is not known is in none.
 */
export const GRID_TABLES = `bins AS (
         SELECT subject, feature, kind AS grid_kind, length(edges) AS last_edge, length(categories) AS unseen_from, quantum, edges, categories, rare
         FROM grids FINAL WHERE model = {model:String} AND grid = {grid:UInt32}
       ),
       edges AS (
         SELECT subject, feature, 'n' AS kind, edge, toInt32(position - 1) AS bin, quantum
         FROM bins ARRAY JOIN arrayPushBack(edges, inf) AS edge, arrayEnumerate(arrayPushBack(edges, inf)) AS position
         WHERE grid_kind = 'numeric'
       ),
       known AS (
         SELECT subject, feature, 'c' AS kind, text, toInt32(least(position - 1, unseen_from)) AS bin, 1 AS hit
         FROM bins ARRAY JOIN arrayConcat(categories, rare) AS text, arrayEnumerate(arrayConcat(categories, rare)) AS position
         WHERE grid_kind = 'categorical'
       )`;
