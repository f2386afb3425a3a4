if (self.name === 'rushlight-thread') throw new Error('this worker refuses threads');
