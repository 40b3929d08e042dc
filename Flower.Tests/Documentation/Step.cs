// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.Documentation;

/// <summary>What the reader of a page does at one place of it.</summary>
internal enum StepKind
{
    /// <summary>Types a command at the prompt: a line that begins with <c>$ </c>.</summary>
    Command,

    /// <summary>Types a line into what runs there: a line that begins with <c>&gt; </c>, as bash itself writes it for the rest of a command.</summary>
    Typed,

    /// <summary>Presses a key with Ctrl: a line <c>^C</c> or <c>^D</c>.</summary>
    Key,

    /// <summary>Only looks at the terminal: a block that begins with what is printed.</summary>
    Look,

    /// <summary>Saves the block as a file: the paragraph before it says "Save this as `~/…`".</summary>
    File,
}

/// <summary>One thing that a page tells its reader to do, and what he then sees.</summary>
/// <param name="Line">Of the page, from 1.</param>
/// <param name="Terminal">Which one, as the last <c>**Terminal N**</c> before it says.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Text">What is typed, without a line end; of a file, its path.</param>
/// <param name="Expected">The lines that are shown below it; of a file, those that are in it.</param>
/// <param name="EndsBlock">Nothing stands below it in its block.</param>
internal sealed record Step(
    int Line, int Terminal, StepKind Kind, string Text, IReadOnlyList<string> Expected, bool EndsBlock);
