// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.CommandLine;

/// <summary>Whether what is printed for people has colours: <c>--color</c>. The one place that decides.</summary>
public sealed class ColorOption : Option<string>
{
    /// <summary>The value of who did not choose.</summary>
    public const string Auto = "auto";

    private const string Always = "always", Never = "never";

    /// <summary>The option, which is the same for every tool that has colours.</summary>
    public ColorOption()
        : base("--color")
    {
        HelpName = $"{Auto}|{Always}|{Never}";
        Description = "Print with colours: auto, on a terminal, unless NO_COLOR is set or TERM is dumb.";
        DefaultValueFactory = _ => Auto;
        this.AcceptOneOf(Auto, Always, Never);
    }

    /// <summary>Whether standard output is to have colours.</summary>
    public bool Read(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return IsWanted(command.GetValue(this)!, !Console.IsOutputRedirected, Environment.GetEnvironmentVariable);
    }

    /// <summary>The decision: what was asked for comes first, then the environment (no-color.org, term(7)).</summary>
    /// <param name="choice">The value of the option.</param>
    /// <param name="isTerminal">Whether the output is a terminal.</param>
    /// <param name="variable">Reads a variable of the environment.</param>
    public static bool IsWanted(string choice, bool isTerminal, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        return choice == Always
            || (choice == Auto && isTerminal && string.IsNullOrEmpty(variable("NO_COLOR")) && variable("TERM") != "dumb");
    }
}
