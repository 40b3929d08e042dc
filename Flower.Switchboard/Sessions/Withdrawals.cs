// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>
/// Tells a stream what nobody waits for any longer. On the loop. One that does not read hears of a bounded number only; what
/// it answers to the others goes nowhere.
/// </summary>
/// <param name="tell">Writes one; cancelled when the stream has ended.</param>
internal sealed class Withdrawals(Func<ulong, Task> tell)
{
    private const int MaxUnsent = 1024;

    private int _unsent;

    public async void Send(ulong id)
    {
        if (_unsent >= MaxUnsent)
        {
            return;
        }

        _unsent++;
        try
        {
            await tell(id);
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
        finally
        {
            _unsent--;
        }
    }
}
