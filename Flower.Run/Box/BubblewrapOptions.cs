// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Run.Box;

/// <summary>
/// The options of bwrap(1) that can be given beside our own: those about files, the environment and names, none that
/// takes a wall away.
/// </summary>
internal static class BubblewrapOptions
{
    private static readonly string[] WithoutValue =
        ["--clearenv", "--unshare-uts", "--unshare-cgroup", "--unshare-cgroup-try", "--disable-userns", "--new-session"];

    private static readonly string[] WithOne =
    [
        "--remount-ro", "--tmpfs", "--dir", "--dev", "--mqueue", "--perms", "--size", "--unsetenv", "--hostname",
    ];

    private static readonly string[] WithTwo =
    [
        "--bind", "--bind-try", "--dev-bind", "--dev-bind-try", "--ro-bind", "--ro-bind-try", "--symlink", "--chmod",
        "--setenv",
    ];

    private static readonly Dictionary<string, int> Known = new[] { WithoutValue, WithOne, WithTwo }
        .SelectMany((names, values) => names.Select(name => (Name: name, Values: values)))
        .ToDictionary(option => option.Name, option => option.Values, StringComparer.Ordinal);

    /// <summary>Reads options with their values, and spaces between them.</summary>
    /// <exception cref="ToolException">One is not known here, or has another number of values.</exception>
    public static string[] Parse(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length;)
        {
            if (!Known.TryGetValue(words[i], out int values))
            {
                throw new ToolException(
                    ExitCodes.Usage,
                    $"--bwrap {LabelRules.Printable(words[i])} is not one of {string.Join(", ", Known.Keys.Order())}");
            }

            if (i + values >= words.Length)
            {
                throw new ToolException(ExitCodes.Usage, $"--bwrap: {words[i]} needs {(values == 1 ? "a value" : "two values")}");
            }

            i += 1 + values;
        }

        return words;
    }
}
