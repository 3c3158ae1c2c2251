import type { MeasurementDetail } from "../model/measurement.ts";
import { binnedDeviation, binnedQuantile } from "./subject-bins.ts";
import type { SubjectWindow } from "./subject-window.ts";
import { unitChange } from "./unit-change.ts";

/** Beyond this p-value a window is too usual for a change of unit to be looked for. */
const WORTH_EXPLAINING = 0.01;

/** Medians on both sides; and where an unusual window could be a change of unit, which, and since when. */
export function scaleDetail({ grid, reference, current, recent }: SubjectWindow, pValue: number | null): Pick<MeasurementDetail, "scale"> {
  if (grid.kind !== "numeric") return {};
  const then = binnedQuantile(grid, reference, 0.5);
  const now = binnedQuantile(grid, current, 0.5);
  if (then === null || now === null) return {};
  const medians = { reference: then, current: now };
  const claims =
    (pValue ?? 1) > WORTH_EXPLAINING
      ? []
      : recent.flatMap((one) => {
          const deviation = binnedDeviation(grid, one.reference);
          const claim = deviation ? unitChange(grid, one.reference, one.current, deviation) : null;
          return claim ? [{ ...claim, from: one.from }] : [];
        });
  const best = claims.reduce<(typeof claims)[number] | null>(
    (least, claim) => (least === null || claim.left < least.left ? claim : least),
    null,
  );
  if (best === null) return { scale: { ...medians, ratio: then === 0 ? 0 : now / then, unit: null } };
  const from = Math.min(...claims.filter((claim) => claim.name === best.name).map((claim) => claim.from));
  return { scale: { ...medians, ratio: best.ratio, unit: best.name, from } };
}
