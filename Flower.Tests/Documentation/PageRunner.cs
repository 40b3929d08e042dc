// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.Documentation;

/// <summary>
/// Does what a page says, and compares what it sees. It goes on when what is shown was printed; a command below which nothing
/// is shown, or nothing but <c>...</c>, has to end (in the first case with 0), or to say READY=1 when it stays. Before the next command on a terminal, and at the end of the
/// page, the one before must have ended, and have printed no more than what is shown.
/// </summary>
internal sealed class PageRunner(Page page, Terminals terminals, TimeSpan limit)
{
    /// <returns>The first step at which the page is wrong, and how; null: it is right.</returns>
    public async Task<string?> RunAsync()
    {
        try
        {
            for (int i = 0; i < page.Steps.Count; i++)
            {
                Step step = page.Steps[i];
                if (step.Kind == StepKind.File)
                {
                    terminals.Save(step.Text, string.Join('\n', step.Expected) + "\n");
                    continue;
                }

                Terminal terminal = terminals[step.Terminal];
                await DoAsync(terminal, step);
                await SeeAsync(terminal, step, page.Steps.Skip(i + 1).FirstOrDefault(next => next.Terminal == step.Terminal));
            }

            foreach (int number in page.Steps.Select(step => step.Terminal).Distinct())
            {
                await EndAsync(terminals[number]);
            }

            return null;
        }
        catch (WrongPageException wrong)
        {
            return wrong.Message;
        }
    }

    private async Task DoAsync(Terminal terminal, Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Command:
                await EndAsync(terminal);
                terminal.Begin(step);
                terminals.Type(terminal, step.Text + "\n");
                break;
            case StepKind.Typed:
                terminals.Type(terminal, step.Text + "\n");
                break;
            case StepKind.Key:
                terminal.WasInterrupted = true;
                terminals.Type(terminal, step.Text == "^C" ? "\x03" : "\x04");
                break;
            default:
                break;
        }
    }

    private async Task SeeAsync(Terminal terminal, Step step, Step? next)
    {
        if (Shown.SaysAnything(step.Expected))
        {
            bool taken = false;
            await terminals.UntilAsync(() => (taken = terminal.Take(step.Expected)) || terminal.AtPrompt, limit);
            if (!taken)
            {
                throw Wrong(step, terminal.AtPrompt
                    ? $"it ended with {terminal.ExitCode} and printed" : $"within {limit.TotalSeconds} s it printed",
                    terminal, step.Expected);
            }
        }
        else
        {
            await PassAsync(terminal, step, next);
        }
    }

    // What is shown tells nothing of how far it is: it has to say so itself.
    private async Task PassAsync(Terminal terminal, Step step, Step? next)
    {
        if (step.Kind == StepKind.Command && step.EndsBlock && next?.Kind is not StepKind.Typed
            && !await terminals.UntilAsync(() => terminal.AtPrompt || terminal.IsReady, limit))
        {
            throw Wrong(step, $"within {limit.TotalSeconds} s it neither ended nor said READY=1, and printed", terminal, []);
        }

        if (step.Expected.Count != 0)
        {
            terminal.Take(step.Expected);
        }

        if (step.Kind == StepKind.Command && step.EndsBlock && terminal.AtPrompt)
        {
            await EndAsync(terminal);
        }
    }

    // Whatever was typed last has ended, and as the page shows it.
    private async Task EndAsync(Terminal terminal)
    {
        if (terminal.Command is not { } command)
        {
            if (!await terminals.UntilAsync(() => terminal.AtPrompt, limit))
            {
                throw new WrongPageException($"{page.Name}: terminal {terminal.Number} has no prompt");
            }

            return;
        }

        if (!await terminals.UntilAsync(() => terminal.AtPrompt, limit))
        {
            throw Wrong(command, $"within {limit.TotalSeconds} s it did not end, as the page has it, and printed", terminal, []);
        }

        if (terminal.HasMore)
        {
            throw Wrong(command, "besides what is shown, it printed", terminal, command.Expected);
        }

        if (terminal.ExitCode != 0 && command.Expected.Count == 0 && !terminal.WasInterrupted)
        {
            throw Wrong(command, $"nothing is shown, but it ended with {terminal.ExitCode} and printed", terminal, []);
        }
    }

    private WrongPageException Wrong(Step step, string what, Terminal terminal, IReadOnlyList<string> expected)
    {
        string shown = expected.Count == 0 ? "" : $"\nwhere the page shows\n{Indent(string.Join('\n', expected))}";
        return new($"{page.Name}:{step.Line}: terminal {step.Terminal}: {step.Text}\n{what}\n{Indent(terminal.Rest.Trim('\n'))}{shown}");
    }

    private static string Indent(string text) => "  " + text.Replace("\n", "\n  ", StringComparison.Ordinal);

    private sealed class WrongPageException(string message) : Exception(message);
}
