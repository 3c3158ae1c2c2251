export type Environment = Readonly<Record<string, string | undefined>>;

/** `text` with each `${NAME}` replaced from `env`. `$${NAME}` stays as `${NAME}`. Values never reach `report`. */
export function substituteEnv(
  text: string,
  env: Environment,
  used: (name: string, value: string) => void,
  report: (message: string, hint: string) => void,
): string {
  return text.replaceAll(/\$?\$\{([^}]*)\}/g, (found, name: string) => {
    if (found.startsWith("$$")) return found.slice(1);
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      report(
        "`${…}` does not hold the name of a variable",
        "write ${NAME}: letters, digits and _, without a default; $${…} stands for the text itself",
      );
      return "";
    }
    const value = env[name];
    if (value === undefined)
      report(
        `the environment variable ${name} is not set`,
        `set ${name} before starting, or write $\${${name}} if the text itself is meant`,
      );
    else used(name, value);
    return value ?? "";
  });
}
