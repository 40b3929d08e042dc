// SPDX-License-Identifier: BSD-2-Clause
using System.Threading.Channels;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Flower.Connections;

/// <summary>
/// <c>flower top</c> on a terminal: its alternate screen, which is left again however it ends, and its keys.
/// </summary>
internal sealed class TopScreen(Observer observer)
{
    // xterm's control sequences for the alternate screen (console_codes(4) knows none; terminals that do not either
    // ignore them).
    private const string Enter = "\e[?1049h\e[H";
    private const string Leave = "\e[?1049l";

    // The header of the table, which has three lines, the borders, the lines above, and the last line, on which the cursor stands.
    private const int OtherLines = 9;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TopView _view = new();
    private readonly Channel<ConsoleKeyInfo> _keys = Channel.CreateUnbounded<ConsoleKeyInfo>();

    /// <summary>Runs until a key ends it.</summary>
    /// <exception cref="OperationCanceledException">A signal did.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Before the terminal is touched: where there is no board, that is said on the usual screen.
        IReadOnlyList<ObservedConnection> connections = await observer.LookAsync(cancellationToken);
        // While it waits for a key the runtime keeps the terminal from echoing it; when the process ends, as it was before.
        new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
        AnsiConsole.Profile.Out.Writer.Write(Enter);
        try
        {
            await AnsiConsole.Live(Draw(connections)).AutoClear(true).StartAsync(
                screen => RunAsync(screen, connections, cancellationToken));
        }
        finally
        {
            AnsiConsole.Profile.Out.Writer.Write(Leave);
            AnsiConsole.Profile.Out.Writer.Flush();
        }
    }

    private async Task RunAsync(
        LiveDisplayContext screen, IReadOnlyList<ObservedConnection> connections, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var due = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            due.CancelAfter(Interval);
            try
            {
                while (true)
                {
                    screen.UpdateTarget(Draw(connections));
                    screen.Refresh();
                    if (!_view.Press(await _keys.Reader.ReadAsync(due.Token)))
                    {
                        return;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // A second has passed.
            }

            connections = await observer.LookAsync(cancellationToken);
        }
    }

    private IRenderable Draw(IReadOnlyList<ObservedConnection> connections) =>
        _view.Draw(
        connections, Math.Max(1, Console.WindowHeight - OtherLines), AnsiConsole.Profile.Width);

    private void ReadKeys()
    {
        while (true)
        {
            try
            {
                _keys.Writer.TryWrite(Console.ReadKey(intercept: true));
            }
            catch (InvalidOperationException)
            {
                // The terminal has gone.
                return;
            }
        }
    }
}
