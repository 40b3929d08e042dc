// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using System.Text;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower;

/// <summary>
/// SIGUSR2: starts this program again, with the arguments that it was started with and <c>--replace</c>, so that the new
/// process takes this one's place. One at a time; a second signal meanwhile does nothing.
/// </summary>
/// <param name="program">The path of this program.</param>
internal sealed class Replacement(string? program)
{
    private const int SigUsr2 = 12;
    private const string Option = "--replace";

    private readonly string[] _arguments = ReadArguments();
    private Task _running = Task.CompletedTask;

    /// <summary>Begins to listen, until what it returns is disposed.</summary>
    public IDisposable Listen() => PosixSignalRegistration.Create((PosixSignal)SigUsr2, context =>
    {
        context.Cancel = true;
        if (_running.IsCompleted)
        {
            _running = StartAsync();
        }
    });

    // Never faults: this process goes on if the other one cannot.
    private async Task StartAsync()
    {
        try
        {
            ExitStatus status = await Spawn.Start(
                new ProgramStart { Program = program ?? "flower", Arguments = _arguments }, EventLoop.Shared).Exited;
            Tool.Say("flower switchboard", $"the one that was to take over ended: {status}");
        }
        catch (FlowerSocketException e)
        {
            Tool.Say("flower switchboard", $"cannot start another switchboard: {e.Message}");
        }
    }

    // As the kernel has them: under the dotnet host, .NET leaves out what comes before the program's own.
    private static string[] ReadArguments()
    {
        string[] words = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).TrimEnd('\0').Split('\0');
        return words.Contains(Option) ? words[1..] : [.. words[1..], Option];
    }
}
