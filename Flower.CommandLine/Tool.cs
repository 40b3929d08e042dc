// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.CommandLine;

/// <summary>
/// Runs what a subcommand does: SIGINT and SIGTERM cancel it, and a failure becomes one line on standard error and an
/// exit code, never a stack trace.
/// </summary>
public static class Tool
{
    /// <summary>Makes <paramref name="run"/> the action of a command.</summary>
    /// <param name="command">The command; messages begin with its full name.</param>
    /// <param name="run">What it does. The token is cancelled by SIGINT and SIGTERM.</param>
    /// <param name="stopped">The exit code after such a signal; null: 128 and the signal's number.</param>
    /// <param name="first">Done on the process's first thread, before it makes others. Must not fail.</param>
    public static void SetRun(
        this Command command,
        Func<ParseResult, CancellationToken, Task<int>> run,
        int? stopped = null,
        Action? first = null)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(run);
        command.SetAction((result, cancellationToken) =>
        {
            first?.Invoke();
            return RunAsync(NameOf(command), signals => run(result, signals.Stop), stopped, cancellationToken);
        });
    }

    /// <summary>
    /// Makes <paramref name="run"/> the action of a command that runs until it is stopped, and then drains. Stopped by
    /// a signal, its exit code is 0.
    /// </summary>
    public static void SetRunUntilStopped(this Command command, Func<ParseResult, StopSignals, Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(run);
        command.SetAction((result, cancellationToken) =>
            RunAsync(NameOf(command), signals => run(result, signals), ExitCodes.Ok, cancellationToken));
    }

    /// <summary>Says one line on standard error, with the tool's name before it.</summary>
    public static void Say(string name, string message) =>
        Console.Error.WriteLine($"{name}: {LabelRules.Printable(message)}");

    /// <summary>
    /// The full name of a command: <c>flower ingress accept</c> is <c>flower ingress</c> to its user.
    /// </summary>
    public static string NameOf(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        Command top = command;
        while (top.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand)
        {
            top = parent;
        }

        return top is RootCommand ? "flower" : "flower " + top.Name;
    }

    /// <summary>The exit code that stands for a failure.</summary>
    public static int CodeOf(Exception failure) => failure switch
    {
        ToolException tool => tool.Code,
        LabelException => ExitCodes.Usage,
        FlowerException flower => CodeOf(flower.StatusCode),
        UnauthorizedAccessException => ExitCodes.Denied,
        _ => ExitCodes.Failed,
    };

    private static int CodeOf(StatusCode status) => status switch
    {
        StatusCode.InvalidArgument => ExitCodes.Usage,
        StatusCode.PermissionDenied or StatusCode.Unauthenticated => ExitCodes.Denied,
        StatusCode.Unavailable or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.DeadlineExceeded
            or StatusCode.Cancelled or StatusCode.Aborted or StatusCode.ResourceExhausted => ExitCodes.Unavailable,
        _ => ExitCodes.Failed,
    };

    private static async Task<int> RunAsync(
        string name, Func<StopSignals, Task<int>> run, int? stopped, CancellationToken cancellationToken)
    {
        using var signals = new StopSignals(cancellationToken);
        try
        {
            return await run(signals);
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            return stopped ?? 128 + signals.Signal;
        }
        catch (Exception e)
        {
            // The one place where a tool meets a fault: the user gets words, FLOWER_TRACE=1 gets the whole of it.
            Say(name, e is OperationCanceledException ? "it took too long" : FirstLine(e.Message));
            if (Environment.GetEnvironmentVariable("FLOWER_TRACE") == "1")
            {
                Console.Error.WriteLine(e);
            }

            return CodeOf(e);
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('\r');
}
