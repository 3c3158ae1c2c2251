import * as z from "zod";

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    hint: z.string().meta({ description: "What to do about it." }),
  })
  .meta({ id: "Problem", description: "RFC 9457" });
