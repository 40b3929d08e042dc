// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;

namespace Flower.Fuzz.Simulation;

/// <content>Another switchboard takes its place.</content>
internal sealed partial class World
{
    private int _takeOvers;

    // Another process takes over, as StateTransfer has it; or does not, and this one goes on.
    private void Replace()
    {
        Task? over = null;
        _loop.Post(
            _ => over = TakeOverAsync(),
            null);
        while (over is not { IsCompleted: true })
        {
            TurnCalmly();
        }

        over.GetAwaiter().GetResult();
    }

    // What is saved is saved before anything else can happen.
    private async Task TakeOverAsync()
    {
        await _board.Server.PauseAsync();
        TakeOver();
    }

    private void TakeOver()
    {
        using var descriptors = new DescriptorTable();
        byte[] state;
        try
        {
            KernelFaults.OfThread = _faults;
            state = _board.Save(descriptors);
        }
        catch (Flower.Rpc.FlowerSocketException) when (_faults is not null)
        {
            _board.Board.IsHandedOver = false;
            _board.Server.Resume();
            return;
        }
        finally
        {
            KernelFaults.OfThread = null;
        }

        _takeOvers++;
        foreach (ResolverCall resolver in _registered.OfType<ResolverCall>())
        {
            resolver.AskedBefore = Listed().Find(target => TagOf(target) == resolver.TagValue)?.Resolver?.LastId
                ?? resolver.AskedBefore;
        }

        Trace?.Invoke($"{Now} another switchboard takes over");
        BoardUnderTest before = _board;
        _board = before.GoOn(
            state, descriptors.TakeAll([.. Enumerable.Range(1, descriptors.Descriptors.Count).Select(n => (uint)n)]) ?? []);
        before.Board.IsReplaced = true;
        before.Dispose();
        _board.Server.Resume();
    }
}
