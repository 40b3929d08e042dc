// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.RegularExpressions;

namespace Flower.Tests.Documentation;

/// <summary>What one terminal has printed since a command was typed, and how much of it a page has shown.</summary>
internal sealed partial class Terminal(int number)
{
    private readonly StringBuilder _raw = new();
    private int _shown;
    private int? _code;
    private bool _open;

    public int Number { get; } = number;

    /// <summary>The command that was typed last; null, before the first.</summary>
    public Step? Command { get; private set; }

    /// <summary>A key ended the command, so its exit code is nobody's business.</summary>
    public bool WasInterrupted { get; set; }

    /// <summary>A program of the command said READY=1.</summary>
    public bool IsReady { get; set; }

    /// <summary>The shell waits for a command.</summary>
    public bool AtPrompt => _code is not null;

    /// <summary>How the last command ended.</summary>
    public int ExitCode => _code ?? throw new InvalidOperationException("it has not ended");

    /// <summary>What is printed and not yet shown, as one reads it.</summary>
    public string Rest => Shown.Clean(_raw.ToString())[_shown..];

    /// <summary>There is more than the page shows.</summary>
    public bool HasMore => !_open && Rest.Trim().Length != 0;

    public void Begin(Step command)
    {
        Command = command;
        WasInterrupted = IsReady = _open = false;
        _raw.Clear();
        _shown = 0;
        _code = null;
    }

    /// <summary>Takes what the page shows from what is printed.</summary>
    /// <returns>False: it is not there, or not yet.</returns>
    public bool Take(IReadOnlyList<string> expected)
    {
        if (_open)
        {
            // What came before may have been anything.
            expected = ["...", .. expected];
        }

        if (Shown.Match(expected, Rest) is not { } length)
        {
            return false;
        }

        _shown += length;
        _open = Shown.IsOpen(expected);
        return true;
    }

    public void Print(string text)
    {
        _raw.Append(text);
        string all = _raw.ToString();
        if (Prompt().Match(all) is { Success: true } prompt)
        {
            _code = int.Parse(prompt.Groups[1].ValueSpan);
            _raw.Clear().Append(Prompt().Replace(all, ""));
        }
    }

    [GeneratedRegex("\x1e([0-9]+)\x1f")]
    private static partial Regex Prompt();
}
