// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Run.Agent;

/// <summary>
/// What the agent says on standard error, which it shares with the command: at once if there is room, so that it stands before
/// what the command says of the same, and otherwise by a thread of its own, so that nobody who stops reading there stops the
/// network of the box. What is too much, or cannot be written, is left out. For any thread.
/// </summary>
internal static class AgentLog
{
    private const int MaxWaiting = 256;
    private const int MaxAtOnce = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly Descriptor StandardError = Descriptor.Borrow(2);
    private static readonly BlockingCollection<string> Lines = new(MaxWaiting);
    private static readonly Lazy<Thread> Writer = new(Start);

    /// <summary>Says a line, now or soon.</summary>
    public static void Say(string message)
    {
        // A pipe that is writable has room for 4,096 bytes (pipe(7)).
        if (Lines.Count == 0 && message.Length < MaxAtOnce && Polling.IsReady(StandardError, Readiness.Write))
        {
            Write(message);
            return;
        }

        _ = Writer.Value;
        if (!Lines.IsAddingCompleted)
        {
            Lines.TryAdd(message);
        }
    }

    /// <summary>Says what is left, unless nobody reads it; later lines are left out.</summary>
    public static void End()
    {
        Lines.CompleteAdding();
        if (Writer.IsValueCreated)
        {
            Writer.Value.Join(Patience);
        }
    }

    private static Thread Start()
    {
        var thread = new Thread(WriteAll) { IsBackground = true, Name = "flower-log" };
        thread.Start();
        return thread;
    }

    private static void WriteAll()
    {
        foreach (string line in Lines.GetConsumingEnumerable())
        {
            Write(line);
        }
    }

    private static void Write(string line)
    {
        try
        {
            Tool.Say(RunCommand.FullName, line);
        }
        catch (IOException)
        {
            // The disk is full, or the terminal has gone.
        }
    }
}
